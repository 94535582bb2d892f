/**
 * Recipes: what is to be merged, how and into what. Read from mergekit's YAML dialect, strictly;
 * built from Java; written back as YAML.
 */
@NullMarked
package io.hfmerge.recipe;

import org.jspecify.annotations.NullMarked;
