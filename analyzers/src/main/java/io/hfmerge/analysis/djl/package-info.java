/**
 * Spectra on a device of DJL, usually a CUDA GPU; the only package of this module that imports
 * {@code ai.djl}, and one that nothing loads unless such a device is asked for.
 */
@NullMarked
package io.hfmerge.analysis.djl;

import org.jspecify.annotations.NullMarked;
