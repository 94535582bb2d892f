/** Images as models read them: decoded, resized as Pillow does it, rescaled and normalised. */
@NullMarked
package io.hfmerge.hf.djl.image;

import org.jspecify.annotations.NullMarked;
