/** Task vectors of a pretrained BERT, fine-tuned on WordNet's glosses and summed. */
@NullMarked
package io.hfmerge.examples.experiment.taskvector;

import org.jspecify.annotations.NullMarked;
