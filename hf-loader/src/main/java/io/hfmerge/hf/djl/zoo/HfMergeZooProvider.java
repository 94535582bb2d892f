package io.hfmerge.hf.djl.zoo;

import ai.djl.repository.zoo.ModelZoo;
import ai.djl.repository.zoo.ZooProvider;
import java.util.Set;

/** Tells DJL that hfmerge is here, and on which engine its models run. */
public final class HfMergeZooProvider implements ZooProvider {

  @Override
  public ModelZoo getModelZoo() {
    return new HfMergeZoo();
  }

  /** No models of its own: they are named by URL. */
  private static final class HfMergeZoo extends ModelZoo {

    @Override
    public String getGroupId() {
      return "io.hfmerge";
    }

    @Override
    public Set<String> getSupportedEngines() {
      return Set.of("PyTorch");
    }
  }
}
