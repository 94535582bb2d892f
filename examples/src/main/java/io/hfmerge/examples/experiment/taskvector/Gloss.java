package io.hfmerge.examples.experiment.taskvector;

/**
 * A definition and its class.
 *
 * @param text without examples of use
 * @param label place of the class among those of its task
 */
record Gloss(String text, int label) {}
