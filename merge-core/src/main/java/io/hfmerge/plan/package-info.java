/**
 * From a recipe and open checkpoints to a plan: which output tensor comes from which inputs with
 * which parameters. Pure: reads headers, no data.
 */
@NullMarked
package io.hfmerge.plan;

import org.jspecify.annotations.NullMarked;
