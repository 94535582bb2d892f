/** What people see: tables, sizes, progress. */
@NullMarked
package io.hfmerge.cli.output;

import org.jspecify.annotations.NullMarked;
