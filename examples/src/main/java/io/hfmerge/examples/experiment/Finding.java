package io.hfmerge.examples.experiment;

/**
 * One part of a verdict.
 *
 * @param part of the claim
 * @param holds by the rule of the experiment
 * @param evidence the numbers that decided
 */
public record Finding(String part, boolean holds, String evidence) {}
