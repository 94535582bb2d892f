/**
 * From results to the sections of a report. Each class makes one section of the results it needs;
 * {@link io.hfmerge.analysis.report.section.AnalysisPage} puts them in order.
 */
@NullMarked
package io.hfmerge.analysis.report.section;

import org.jspecify.annotations.NullMarked;
