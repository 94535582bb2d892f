/**
 * A small program for each use of models through DJL: each stands for itself, to be copied. With
 * the project built, from its root:
 *
 * <pre>{@code
 * java -cp 'cli/target/hfmerge/lib/*:examples/target/classes' io.hfmerge.examples.plugin.EmbedTexts \
 *     hf://sample:all-MiniLM-L6-v2 "a ripe apple" "a sweet pear"
 * }</pre>
 */
@NullMarked
package io.hfmerge.examples.plugin;

import org.jspecify.annotations.NullMarked;
