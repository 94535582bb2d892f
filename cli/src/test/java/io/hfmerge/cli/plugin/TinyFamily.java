package io.hfmerge.cli.plugin;

import io.hfmerge.hf.arch.Architecture;
import io.hfmerge.hf.arch.ArchitectureProvider;
import io.hfmerge.hf.arch.LayerStack;
import io.hfmerge.hf.arch.SizeKeys;
import java.util.List;

/** Adds the family {@code tiny}. */
public final class TinyFamily implements ArchitectureProvider {

  @Override
  public List<Architecture> architectures() {
    return List.of(
        Architecture.of("tiny")
            .prefix("net.")
            .sizes(SizeKeys.of("d", "heads", "f"))
            .stack(LayerStack.at("part.{n}.", "depth").mlp("in", "out"))
            .build());
  }
}
