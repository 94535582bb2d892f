/** Options that several commands share. */
@NullMarked
package io.hfmerge.cli.option;

import org.jspecify.annotations.NullMarked;
