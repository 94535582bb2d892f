package io.hfmerge.recipe;

/**
 * What a recipe says about one token.
 *
 * @param source its embedding in the models that lack it
 * @param force whether the models that have it use that embedding too
 */
public record TokenRule(TokenSource source, boolean force) {}
