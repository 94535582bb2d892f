/** Reports as pages and plot files: what a report is made of, and how it is written. */
@NullMarked
package io.hfmerge.analysis.report.page;

import org.jspecify.annotations.NullMarked;
