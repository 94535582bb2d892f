/** One class per subcommand. Commands return exit codes and print through picocli's writers. */
@NullMarked
package io.hfmerge.cli.command;

import org.jspecify.annotations.NullMarked;
