/** Data sets: published file formats, and built-in data of the same shapes. */
@NullMarked
package io.hfmerge.examples.experiment.data;

import org.jspecify.annotations.NullMarked;
