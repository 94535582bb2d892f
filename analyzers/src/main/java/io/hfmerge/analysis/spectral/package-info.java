/**
 * Singular values: the port {@link io.hfmerge.analysis.spectral.SpectralEngine}, its implementation
 * on the CPU, the block Lanczos iteration that both engines share, and symmetric eigenvalues.
 */
@NullMarked
package io.hfmerge.analysis.spectral;

import org.jspecify.annotations.NullMarked;
