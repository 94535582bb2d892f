package io.hfmerge.examples.experiment;

/**
 * What an experiment tests.
 *
 * @param source paper and place
 * @param statement what is claimed
 * @param rule when the verdict is "holds", in numbers
 * @param counter what would count against the claim
 */
public record Claim(String source, String statement, String rule, String counter) {}
