package io.hfmerge.analysis.lora;

import java.nio.file.Path;
import java.util.List;

/**
 * What an adapter that was written holds.
 *
 * @param folder where it is
 * @param modules its low-rank updates
 * @param saved modules stored whole
 * @param bytes bytes of tensor data
 * @param notes what the user should know, a line each
 */
public record AdapterReport(
    Path folder, List<Module> modules, List<String> saved, long bytes, List<String> notes) {

  /**
   * One low-rank update.
   *
   * @param name the module
   * @param rank its rank
   * @param energy share of the squared Frobenius norm that the rank keeps
   * @param shortfall bound on the share that other factors of this rank could keep beyond it
   * @param frobenius Frobenius norm of the whole update
   */
  public record Module(String name, int rank, double energy, double shortfall, double frobenius) {}

  public AdapterReport {
    modules = List.copyOf(modules);
    saved = List.copyOf(saved);
    notes = List.copyOf(notes);
  }

  /** Share of the squared Frobenius norm of all updates together that is kept; 1 if all are 0. */
  public double energy() {
    double all = modules.stream().mapToDouble(m -> m.frobenius() * m.frobenius()).sum();
    double kept =
        modules.stream().mapToDouble(m -> m.energy() * m.frobenius() * m.frobenius()).sum();
    return all > 0 ? kept / all : 1;
  }

  /** Bound on the share of all updates together that other factors of these ranks could keep. */
  public double shortfall() {
    double all = modules.stream().mapToDouble(m -> m.frobenius() * m.frobenius()).sum();
    double missed =
        modules.stream().mapToDouble(m -> m.shortfall() * m.frobenius() * m.frobenius()).sum();
    return all > 0 ? missed / all : 0;
  }
}
