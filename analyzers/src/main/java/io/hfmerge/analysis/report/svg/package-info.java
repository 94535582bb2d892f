/**
 * Plots as SVG: scales, panels, and figures of several panels, without state and without a browser.
 * Colours are names with a light and a dark value; a page writes them as classes, a file as
 * attributes.
 */
@NullMarked
package io.hfmerge.analysis.report.svg;

import org.jspecify.annotations.NullMarked;
