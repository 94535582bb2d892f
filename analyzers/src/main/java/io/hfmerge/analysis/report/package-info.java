/** Reports as files: JSON for programs, CSV for tables. */
@NullMarked
package io.hfmerge.analysis.report;

import org.jspecify.annotations.NullMarked;
