/** Text as token ids and back, by Hugging Face's tokenizers library. */
@NullMarked
package io.hfmerge.hf.djl.text;

import org.jspecify.annotations.NullMarked;
