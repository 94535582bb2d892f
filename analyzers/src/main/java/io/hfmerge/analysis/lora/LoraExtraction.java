package io.hfmerge.analysis.lora;

import io.hfmerge.analysis.WorkQueue;
import io.hfmerge.analysis.matrix.MatrixSource;
import io.hfmerge.analysis.spectral.LowRankMatrix;
import io.hfmerge.analysis.spectral.RankChoice;
import io.hfmerge.analysis.spectral.TruncatedSvd;
import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.LocalPath;
import io.hfmerge.hf.arch.MatrixBlock;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.hf.arch.WeightMatrix;
import io.hfmerge.hf.lora.AdapterSettings;
import io.hfmerge.hf.output.AdapterWriter;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * A LoRA adapter out of a fine-tuned model: for every matrix of a linear layer the best
 * approximation of its difference to the base's (truncated SVD), for everything else that differs
 * (norms, embeddings, convolutions, biases) the fine-tuned tensor whole.
 */
public final class LoraExtraction {

  private static final String WEIGHT = ".weight";
  private static final String BIAS = ".bias";
  private static final int COMPARED = 1 << 16;

  /** A tensor of the base with its counterpart. */
  private record Pair(TensorSpec base, TensorSpec model, String name) {

    String module() {
      return name.substring(0, Math.max(0, name.lastIndexOf('.')));
    }
  }

  private final HfModel base;
  private final HfModel model;
  private final RankChoice choice;
  private final DType dtype;
  private final AdapterWriter writer;

  private final List<Pair> pairs = new ArrayList<>();

  /** Second names, which the files do not have, of tensors that are tied. */
  private final List<Pair> aliases = new ArrayList<>();

  private final Set<String> transposed = new HashSet<>();
  private final List<String> notes = new ArrayList<>();

  private LoraExtraction(
      HfModel base, HfModel model, RankChoice choice, DType dtype, AdapterWriter writer) {
    this.base = base;
    this.model = model;
    this.choice = choice;
    this.dtype = dtype;
    this.writer = writer;
  }

  /**
   * Extracts into a folder.
   *
   * @param base what the adapter will apply to
   * @param model the fine-tuned model
   * @param choice how many ranks to keep per matrix
   * @param dtype of the factors written
   * @param writer where to; stays its opener's to close
   * @param version of this program, for the card
   * @throws IncompatibleCheckpointsException if names or shapes differ, or an element is not finite
   * @throws IOException if a file cannot be read or written
   * @throws InterruptedException if this thread was interrupted
   */
  public static AdapterReport write(
      HfModel base,
      HfModel model,
      RankChoice choice,
      DType dtype,
      AdapterWriter writer,
      int threads,
      String version,
      ProgressListener progress)
      throws IOException, InterruptedException {
    LoraExtraction extraction = new LoraExtraction(base, model, choice, dtype, writer);
    extraction.pair();
    return extraction.run(threads, version, progress);
  }

  private void pair() {
    Map<String, TensorSpec> counterparts = new LinkedHashMap<>();
    for (TensorSpec spec : model.checkpoint().tensors()) {
      counterparts.put(model.structure().canonical(spec.name()), spec);
    }
    PeftNames names = new PeftNames(base);
    for (TensorSpec spec : base.checkpoint().tensors()) {
      String canonical = base.structure().canonical(spec.name());
      TensorSpec other = counterparts.remove(canonical);
      if (base.structure().isBuffer(spec)) {
        continue;
      }
      if (other == null) {
        other =
            base.structure()
                .tiedWith(canonical)
                .map(counterparts::get)
                .orElseThrow(() ->
                    incompatible(
                        spec.name(), "a tensor of this name in both", "none in the model"));
      }
      if (!other.shape().equals(spec.shape())
          || !other.dtype().isFloat()
          || !spec.dtype().isFloat()) {
        throw incompatible(
            spec.name(),
            "float tensors of one shape",
            spec.describe() + " and " + other.describe());
      }
      pairs.add(new Pair(spec, other, names.of(spec)));
    }
    addAliases(names);
    counterparts.values().stream()
        .filter(spec -> !model.structure().isBuffer(spec))
        .filter(spec ->
            base.structure()
                .tiedWith(model.structure().canonical(spec.name()))
                .flatMap(tied ->
                    pairs.stream()
                        .filter(p -> base.structure().canonical(p.base().name()).equals(tied))
                        .findFirst())
                .isEmpty())
        .findFirst()
        .ifPresent(spec -> {
          throw incompatible(spec.name(), "a tensor of this name in both", "none in the base");
        });
    base.structure().layerMatrices().stream()
        .flatMap(matrix -> matrix.blocks().stream())
        .filter(MatrixBlock::transposed)
        .forEach(block -> transposed.add(block.tensor()));
  }

  private void addAliases(PeftNames names) {
    Set<String> present = new HashSet<>();
    pairs.forEach(pair -> present.add(base.structure().canonical(pair.base().name())));
    for (Pair pair : pairs) {
      base.structure()
          .tiedWith(base.structure().canonical(pair.base().name()))
          .filter(partner -> !present.contains(partner))
          .ifPresent(partner ->
              aliases.add(new Pair(pair.base(), pair.model(), names.ofTied(partner, pair.base()))));
    }
  }

  private IncompatibleCheckpointsException incompatible(
      String tensor, String expected, String found) {
    return new IncompatibleCheckpointsException(
        "tensor \"%s\": expected %s (%s and %s), found %s"
            .formatted(tensor, expected, base.reference(), model.reference(), found));
  }

  private AdapterReport run(int threads, String version, ProgressListener progress)
      throws IOException, InterruptedException {
    notes.addAll(base.notes());
    notes.addAll(model.notes());
    List<Pair> matrices = pairs.stream().filter(pair -> isLinear(pair.base())).toList();
    List<Pair> others = pairs.stream().filter(pair -> !isLinear(pair.base())).toList();
    Set<Pair> changed = ConcurrentHashMap.newKeySet();
    WorkQueue comparing = new WorkQueue();
    for (Pair pair : others) {
      long bytes = pair.base().sizeBytes() + pair.model().sizeBytes();
      comparing.add(
          (double) bytes,
          bytes,
          () -> {
            if (!same(pair)) {
              changed.add(pair);
            }
          });
    }
    comparing.run("comparing", threads, progress);
    Set<String> saved = savedModules(others, changed, matrices);
    // a module stored whole is a copy, so the other use of a tied weight needs one too
    for (Pair alias : aliases) {
      if (others.stream()
          .anyMatch(pair -> pair.base().equals(alias.base()) && isIn(saved, pair.module()))) {
        saved.add(alias.module());
      }
    }
    // PEFT copies a module with all that is in it, and cannot copy a part of the copy again
    saved.removeIf(module -> saved.stream().anyMatch(m -> module.startsWith(m + '.')));

    ConcurrentMap<Pair, AdapterReport.Module> extracted = new ConcurrentHashMap<>();
    WorkQueue extracting = new WorkQueue();
    for (Pair pair : matrices) {
      if (isIn(saved, pair.module())) {
        continue;
      }
      long bytes = pair.base().sizeBytes() + pair.model().sizeBytes();
      List<Long> shape = pair.base().shape().dimensions();
      extracting.add(
          (double) bytes * Math.min(shape.get(0), shape.get(1)),
          bytes,
          () -> extract(pair).ifPresent(module -> extracted.put(pair, module)));
    }
    extracting.run("extracting", threads, progress);
    List<AdapterReport.Module> modules =
        matrices.stream().filter(extracted::containsKey).map(extracted::get).toList();
    if (modules.isEmpty()) {
      throw new IncompatibleCheckpointsException(
          "%s and %s: expected linear layers that differ, found none"
              .formatted(base.reference(), model.reference()));
    }
    copyWhole(saved, changed, modules);
    return finish(modules, saved, changed, version);
  }

  /** A matrix of a linear layer, as opposed to embeddings and what is no matrix. */
  private boolean isLinear(TensorSpec spec) {
    String word = base.structure().describe(spec);
    return spec.shape().rank() == 2
        && spec.name().endsWith(WEIGHT)
        && spec.elements() > 0
        && !word.equals("embedding")
        && !word.equals("position bias");
  }

  /**
   * Modules to be stored whole: those of changed tensors that are not the bias of an adapted
   * matrix.
   */
  private static Set<String> savedModules(
      List<Pair> others, Set<Pair> changed, List<Pair> matrices) {
    Set<String> linear = new HashSet<>();
    matrices.forEach(pair -> linear.add(pair.module()));
    Set<String> saved = new LinkedHashSet<>();
    for (Pair pair : others) {
      if (changed.contains(pair)
          && !(pair.name().endsWith(BIAS) && linear.contains(pair.module()))) {
        saved.add(pair.module());
      }
    }
    return saved;
  }

  private static boolean isIn(Set<String> modules, String module) {
    return modules.stream().anyMatch(m -> module.equals(m) || module.startsWith(m + '.'));
  }

  private void copyWhole(Set<String> saved, Set<Pair> changed, List<AdapterReport.Module> modules) {
    Set<String> adapted = new HashSet<>();
    modules.forEach(module -> adapted.add(module.name()));
    List<Pair> all = new ArrayList<>(pairs);
    all.addAll(aliases);
    for (Pair pair : all) {
      if (isIn(saved, pair.module())) {
        copy(AdapterSettings.nameOfWhole(pair.name()), pair);
      } else if (changed.contains(pair)) {
        String parameter = pair.name().substring(pair.name().lastIndexOf('.') + 1);
        copy(
            adapted.contains(pair.module())
                ? AdapterSettings.nameOfWrapped(pair.module(), parameter)
                : AdapterSettings.nameOfWhole(pair.name()),
            pair);
      }
    }
  }

  private void copy(String name, Pair pair) {
    writer.copy(name, model.checkpoint(), pair.model());
  }

  private AdapterReport finish(
      List<AdapterReport.Module> modules, Set<String> saved, Set<Pair> changed, String version)
      throws IOException {
    SequencedMap<String, Integer> ranks = new LinkedHashMap<>();
    modules.forEach(module -> ranks.put(module.name(), module.rank()));
    boolean biases = changed.stream().anyMatch(pair -> !isIn(saved, pair.module()));
    AdapterSettings settings =
        new AdapterSettings(
            Optional.of(base.reference()),
            PeftNames.taskType(base),
            ranks,
            List.copyOf(saved),
            !transposed.isEmpty(),
            biases,
            false);
    for (Pair alias : aliases) {
      if (isIn(saved, alias.module())) {
        notes.add(
            "\"%s\" is stored twice, as %s too, to which it is tied"
                .formatted(alias.base().name(), alias.name()));
      }
    }
    String card =
        AdapterCard.markdown(
            String.valueOf(writer.target().toAbsolutePath().normalize().getFileName()),
            base.reference(),
            !LocalPath.exists(base.reference()),
            "LoRA adapter extracted by hfmerge " + version + ", base and model:",
            List.of(base.reference(), model.reference()),
            modules);
    long bytes = writer.finish(settings, card);
    return new AdapterReport(writer.target(), modules, List.copyOf(saved), bytes, notes);
  }

  private Optional<AdapterReport.Module> extract(Pair pair) throws IOException {
    boolean turned = transposed.contains(pair.base().name());
    LowRankMatrix delta;
    try (MatrixSource old = MatrixSource.open(base.checkpoint(), matrix(pair.base(), turned));
        MatrixSource now = MatrixSource.open(model.checkpoint(), matrix(pair.model(), turned))) {
      delta = TruncatedSvd.of(new DeltaLines(old, now), choice);
      if (delta.rank() == 0) {
        return Optional.empty();
      }
      String module = pair.module();
      writer.add(
          AdapterSettings.nameOfA(module, false),
          dtype,
          Shape.of(delta.rank(), old.columns()),
          delta.a());
      writer.add(
          AdapterSettings.nameOfB(module, false),
          dtype,
          Shape.of(old.rows(), delta.rank()),
          delta.b());
      return Optional.of(
          new AdapterReport.Module(
              module, delta.rank(), delta.energy(), delta.shortfall(), delta.frobenius()));
    } catch (ArithmeticException e) {
      throw incompatible(
          pair.base().name(), "finite elements in both", String.valueOf(e.getMessage()));
    }
  }

  private static WeightMatrix matrix(TensorSpec spec, boolean turned) {
    long rows = spec.shape().dimension(turned ? 1 : 0);
    long columns = spec.shape().dimension(turned ? 0 : 1);
    return new WeightMatrix(
        "",
        -1,
        Role.OTHER,
        OptionalInt.empty(),
        spec.name(),
        rows,
        columns,
        List.of(new MatrixBlock(spec.name(), turned, 0, rows, columns)));
  }

  private boolean same(Pair pair) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      double[] left = new double[COMPARED];
      double[] right = new double[COMPARED];
      MemorySegment bytes = arena.allocate(COMPARED * (long) Double.BYTES, Double.BYTES);
      for (long first = 0; first < pair.base().elements(); first += COMPARED) {
        int count = (int) Math.min(COMPARED, pair.base().elements() - first);
        decode(base.checkpoint(), pair.base(), first, count, bytes, left);
        decode(model.checkpoint(), pair.model(), first, count, bytes, right);
        for (int i = 0; i < count; i++) {
          if (left[i] != right[i]) {
            return false;
          }
        }
      }
      return true;
    }
  }

  private static void decode(
      Checkpoint checkpoint,
      TensorSpec spec,
      long first,
      int count,
      MemorySegment bytes,
      double[] target)
      throws IOException {
    DType dtype = spec.dtype();
    checkpoint.read(spec.name(), dtype.sizeBytes(first), bytes.asSlice(0, dtype.sizeBytes(count)));
    TensorCodec.decode(dtype, bytes, 0, target, count);
  }
}
