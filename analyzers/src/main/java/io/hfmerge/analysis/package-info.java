/**
 * Spectral analysis of a model's weights: {@link io.hfmerge.analysis.ModelAnalyzer} takes a
 * checkpoint with its structure and an {@link io.hfmerge.analysis.AnalysisRequest} and gives an
 * {@link io.hfmerge.analysis.AnalysisReport}.
 */
@NullMarked
package io.hfmerge.analysis;

import org.jspecify.annotations.NullMarked;
