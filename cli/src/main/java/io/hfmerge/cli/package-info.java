/** The {@code hfmerge} command line: entry point, exit codes and the plug-in point for commands. */
@NullMarked
package io.hfmerge.cli;

import org.jspecify.annotations.NullMarked;
