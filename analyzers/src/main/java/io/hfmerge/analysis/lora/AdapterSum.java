package io.hfmerge.analysis.lora;

import io.hfmerge.analysis.WorkQueue;
import io.hfmerge.analysis.spectral.LowRankMatrix;
import io.hfmerge.analysis.spectral.RankChoice;
import io.hfmerge.analysis.spectral.TruncatedSvd;
import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.lora.Adapter;
import io.hfmerge.hf.lora.AdapterModule;
import io.hfmerge.hf.lora.AdapterSettings;
import io.hfmerge.hf.output.AdapterWriter;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The sum of LoRA adapters of one base as an adapter: {@code Σ wᵢ sᵢ Bᵢ Aᵢ} is the product of the
 * factors put beside each other, so its rank is the sum of theirs and nothing is lost but the
 * rounding of {@code wᵢ sᵢ Bᵢ} to the output's dtype. With fewer ranks asked for, the best
 * approximation of that product, by an SVD of a matrix no larger than the sum of ranks.
 *
 * <p>DoRA adapters do not add, and tensors stored whole are no update: both are refused.
 */
public final class AdapterSum {

  /**
   * An adapter and its weight in the sum.
   *
   * @param adapter open; stays its opener's to close
   * @param weight finite
   */
  public record Term(Adapter adapter, double weight) {}

  /** What one adapter has for a module. */
  private record Part(Adapter adapter, AdapterModule module, double factor) {}

  private final List<Term> terms;
  private final DType dtype;
  private final Optional<RankChoice> choice;
  private final SequencedMap<String, List<Part>> parts = new LinkedHashMap<>();

  private AdapterSum(List<Term> terms, DType dtype, Optional<RankChoice> choice) {
    this.terms = List.copyOf(terms);
    this.dtype = dtype;
    this.choice = choice;
  }

  /**
   * Sums adapters into a folder.
   *
   * @param terms at least one
   * @param choice how many ranks to keep; empty for all, exactly
   * @param dtype of the factors written
   * @param writer where to; stays its opener's to close
   * @param version of this program, for the card
   * @throws UnsupportedFeatureException if an adapter has magnitudes or tensors stored whole
   * @throws IncompatibleCheckpointsException if the adapters are not of one base
   * @throws IOException if a file cannot be read or written
   * @throws InterruptedException if this thread was interrupted
   */
  public static AdapterReport write(
      List<Term> terms,
      Optional<RankChoice> choice,
      DType dtype,
      AdapterWriter writer,
      int threads,
      String version,
      ProgressListener progress)
      throws IOException, InterruptedException {
    AdapterSum sum = new AdapterSum(terms, dtype, choice);
    sum.group();
    return sum.run(writer, threads, version, progress);
  }

  private void group() {
    for (Term term : terms) {
      Adapter adapter = term.adapter();
      refuse(adapter);
      for (AdapterModule module : adapter.modules().values()) {
        List<Part> same = parts.computeIfAbsent(module.name(), name -> new ArrayList<>());
        if (!same.isEmpty()) {
          checkSame(same.getFirst(), adapter, module);
        }
        same.add(new Part(adapter, module, term.weight() * module.scale()));
      }
    }
  }

  private static void refuse(Adapter adapter) {
    String instead = "; sum the models: hfmerge sum --base BASE BASE+" + adapter.id() + " ...";
    if (adapter.config().magnitudes()) {
      throw new UnsupportedFeatureException(
          adapter.config().source()
              + ": key \"use_dora\": found true; updates with magnitudes do not add to one"
              + instead);
    }
    if (!adapter.whole().isEmpty()) {
      throw new UnsupportedFeatureException(
          "%s: tensor \"%s\": expected low-rank updates only, found a tensor stored whole%s"
              .formatted(adapter.id(), adapter.whole().values().iterator().next().name(), instead));
    }
  }

  private static void checkSame(Part first, Adapter adapter, AdapterModule module) {
    AdapterModule other = first.module();
    boolean same =
        other.embedding() == module.embedding()
            && other.out() == module.out()
            && tail(other).equals(tail(module));
    if (!same) {
      throw new IncompatibleCheckpointsException(
          "\"%s\": expected adapters of one base, found %s as %s in %s and %s as %s in %s"
              .formatted(
                  module.name(),
                  other.a().name(),
                  other.a().describe(),
                  first.adapter().id(),
                  module.a().name(),
                  module.a().describe(),
                  adapter.id()));
    }
  }

  private static List<Long> tail(AdapterModule module) {
    return module.a().shape().dimensions().subList(1, module.a().shape().rank());
  }

  private AdapterReport run(
      AdapterWriter writer, int threads, String version, ProgressListener progress)
      throws IOException, InterruptedException {
    boolean biases =
        parts.values().stream().flatMap(List::stream).anyMatch(p -> p.module().bias().isPresent());
    Map<String, AdapterReport.Module> done = new ConcurrentHashMap<>();
    WorkQueue queue = new WorkQueue();
    parts.forEach((name, same) -> {
      long bytes =
          same.stream()
              .mapToLong(p -> p.module().a().sizeBytes() + p.module().b().sizeBytes())
              .sum();
      queue.add((double) bytes, bytes, () -> done.put(name, add(same, biases, writer)));
    });
    queue.run("summing adapters", threads, progress);
    List<AdapterReport.Module> modules =
        parts.keySet().stream().map(name -> done.get(name)).toList();
    SequencedMap<String, Integer> ranks = new LinkedHashMap<>();
    modules.forEach(module -> ranks.put(module.name(), module.rank()));
    List<String> notes = new ArrayList<>();
    AdapterSettings settings = settings(ranks, biases, notes);
    String card =
        AdapterCard.markdown(
            String.valueOf(writer.target().toAbsolutePath().normalize().getFileName()),
            settings.baseModel().orElse(""),
            true,
            "Adapters summed by hfmerge " + version + ", with their weights:",
            terms.stream().map(t -> t.adapter().id() + " x " + t.weight()).toList(),
            modules);
    long bytes = writer.finish(settings, card);
    return new AdapterReport(writer.target(), modules, List.of(), bytes, notes);
  }

  private AdapterSettings settings(
      SequencedMap<String, Integer> ranks, boolean biases, List<String> notes) {
    LinkedHashSet<String> bases = new LinkedHashSet<>();
    LinkedHashSet<String> tasks = new LinkedHashSet<>();
    LinkedHashSet<Boolean> layouts = new LinkedHashSet<>();
    for (Term term : terms) {
      term.adapter().config().baseModel().ifPresent(bases::add);
      term.adapter().config().taskType().ifPresent(tasks::add);
      layouts.add(term.adapter().config().fanInFanOut());
      notes.addAll(term.adapter().config().notes());
    }
    if (bases.size() > 1) {
      notes.add(
          "the adapters call their base by different names, of which the first is kept: "
              + String.join(", ", bases));
    }
    if (tasks.size() > 1) {
      notes.add("the adapters have different tasks, of which the first is kept: " + tasks);
    }
    if (layouts.size() > 1) {
      notes.add("fan_in_fan_out differs between the adapters: the sum has true");
    }
    return new AdapterSettings(
        bases.stream().findFirst(),
        tasks.stream().findFirst(),
        ranks,
        List.of(),
        layouts.contains(true),
        false,
        biases);
  }

  private AdapterReport.Module add(List<Part> same, boolean biases, AdapterWriter writer)
      throws IOException {
    AdapterModule first = same.getFirst().module();
    int rows = Math.toIntExact(first.out());
    int columns = Math.toIntExact(first.in());
    int rank = same.stream().mapToInt(p -> p.module().rank()).reduce(0, Math::addExact);
    double[] a = new double[Math.multiplyExact(rank, columns)];
    double[] b = new double[Math.multiplyExact(rows, rank)];
    int at = 0;
    for (Part part : same) {
      int some = part.module().rank();
      double[] partA = part.adapter().values(part.module().a());
      double[] partB = part.adapter().values(part.module().b());
      System.arraycopy(partA, 0, a, at * columns, some * columns);
      for (int i = 0; i < rows; i++) {
        for (int k = 0; k < some; k++) {
          b[i * rank + at + k] = part.factor() * partB[i * some + k];
        }
      }
      at += some;
    }
    LowRankMatrix svd =
        TruncatedSvd.ofProduct(b, a, rows, columns, rank, choice.orElse(RankChoice.all()));
    writeBias(same, biases, writer);
    if (choice.isEmpty()) {
      writeFactors(writer, first, rank, a, b);
      return new AdapterReport.Module(first.name(), rank, 1, 0, svd.frobenius());
    }
    if (svd.rank() == 0) {
      // PEFT knows no rank of 0
      writeFactors(writer, first, 1, new double[columns], new double[rows]);
      return new AdapterReport.Module(first.name(), 1, 1, 0, 0);
    }
    writeFactors(writer, first, svd.rank(), svd.a(), svd.b());
    return new AdapterReport.Module(
        first.name(), svd.rank(), svd.energy(), svd.shortfall(), svd.frobenius());
  }

  private void writeFactors(
      AdapterWriter writer, AdapterModule module, int rank, double[] a, double[] b)
      throws IOException {
    List<Long> shapeA = new ArrayList<>(module.a().shape().dimensions());
    shapeA.set(0, (long) rank);
    List<Long> shapeB = new ArrayList<>(module.b().shape().dimensions());
    shapeB.set(1, (long) rank);
    boolean embedding = module.embedding();
    writer.add(AdapterSettings.nameOfA(module.name(), embedding), dtype, new Shape(shapeA), a);
    writer.add(AdapterSettings.nameOfB(module.name(), embedding), dtype, new Shape(shapeB), b);
  }

  private void writeBias(List<Part> same, boolean biases, AdapterWriter writer) throws IOException {
    AdapterModule first = same.getFirst().module();
    if (!biases || first.embedding()) {
      return;
    }
    double[] sum = new double[Math.toIntExact(first.out())];
    for (Part part : same) {
      if (part.module().bias().isPresent()) {
        double[] bias = part.adapter().values(part.module().bias().get());
        for (int i = 0; i < sum.length; i++) {
          sum[i] += part.factor() * bias[i];
        }
      }
    }
    writer.add(AdapterSettings.nameOfBias(first.name()), dtype, Shape.of(sum.length), sum);
  }
}
