/** What a checkpoint says of itself: its {@code config.json}, read as untrusted input. */
@NullMarked
package io.hfmerge.hf.config;

import org.jspecify.annotations.NullMarked;
