/**
 * What is measured of a model: one class per family of metrics, records for the values, and the
 * formulas as plain functions of singular values and Gram matrices.
 */
@NullMarked
package io.hfmerge.analysis.metric;

import org.jspecify.annotations.NullMarked;
