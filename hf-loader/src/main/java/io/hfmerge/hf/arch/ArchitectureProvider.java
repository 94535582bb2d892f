package io.hfmerge.hf.arch;

import java.util.List;

/**
 * Adds families: implement it, name the class in {@code
 * META-INF/services/io.hfmerge.hf.arch.ArchitectureProvider} and put the jar on the class path.
 */
public interface ArchitectureProvider {

  /** The definitions; none may claim a {@code model_type} that another provider claims. */
  List<Architecture> architectures();
}
