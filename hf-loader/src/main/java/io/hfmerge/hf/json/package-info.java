/** JSON files laid out as the Python tools of the field lay them out. */
@NullMarked
package io.hfmerge.hf.json;

import org.jspecify.annotations.NullMarked;
