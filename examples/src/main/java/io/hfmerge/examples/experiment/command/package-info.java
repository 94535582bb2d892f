/** The command that runs experiments. */
@NullMarked
package io.hfmerge.examples.experiment.command;

import org.jspecify.annotations.NullMarked;
