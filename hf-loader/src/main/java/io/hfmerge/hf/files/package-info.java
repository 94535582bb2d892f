/**
 * The files of a checkpoint, whatever their format: mapped reads that never fault where a system
 * call can report, indexes of shards, and links that may not lead out of a folder.
 */
@NullMarked
package io.hfmerge.hf.files;

import org.jspecify.annotations.NullMarked;
