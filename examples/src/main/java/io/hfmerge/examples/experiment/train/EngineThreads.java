package io.hfmerge.examples.experiment.train;

/**
 * How many threads DJL's PyTorch engine computes on. Matrices of experiments are too small for two
 * threads to gain much, and one gives the same bits whatever else the machine does.
 */
public final class EngineThreads {

  /** Read by DJL when the engine starts. */
  private static final String PROPERTY = "ai.djl.pytorch.num_threads";

  private EngineThreads() {}

  /** Asks for one, unless a number was asked for already; of no effect on an engine at work. */
  public static void one() {
    if (System.getProperty(PROPERTY) == null) {
      System.setProperty(PROPERTY, "1");
    }
  }
}
