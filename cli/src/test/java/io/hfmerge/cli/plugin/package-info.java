/** A plug-in of every kind; tests put these classes into a jar of their own. */
@NullMarked
package io.hfmerge.cli.plugin;

import org.jspecify.annotations.NullMarked;
