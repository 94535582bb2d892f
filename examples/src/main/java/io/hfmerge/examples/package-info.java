/** Library examples and tools around hfmerge; on the class path they add commands to it. */
@NullMarked
package io.hfmerge.examples;

import org.jspecify.annotations.NullMarked;
