/**
 * Vocabularies: reading a model's tokenizer files, deciding the output's vocabulary, showing every
 * model's embeddings in the order of that vocabulary, and writing the output's tokenizer files.
 */
@NullMarked
package io.hfmerge.hf.vocab;

import org.jspecify.annotations.NullMarked;
