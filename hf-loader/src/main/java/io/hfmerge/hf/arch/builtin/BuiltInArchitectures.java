package io.hfmerge.hf.arch.builtin;

import io.hfmerge.hf.arch.Architecture;
import io.hfmerge.hf.arch.ArchitectureProvider;
import java.util.List;
import java.util.stream.Stream;

/** Provides the families that come with hfmerge. */
public final class BuiltInArchitectures implements ArchitectureProvider {

  @Override
  public List<Architecture> architectures() {
    return Stream.of(EncoderFamilies.all(), DecoderFamilies.all(), GatedFamilies.all())
        .flatMap(List::stream)
        .toList();
  }
}
