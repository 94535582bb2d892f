/**
 * The parts of transformers as DJL blocks, each written once: projections, norms, rotary positions,
 * attention with its cache, MLPs, layers, embeddings, heads. Families are compositions of them;
 * nothing here knows a checkpoint or a name.
 */
@NullMarked
package io.hfmerge.hf.djl.block;

import org.jspecify.annotations.NullMarked;
