/**
 * What every experiment needs: its claim, its laboratory, measurements, findings and the files that
 * come out.
 */
@NullMarked
package io.hfmerge.examples.experiment;

import org.jspecify.annotations.NullMarked;
