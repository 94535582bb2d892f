package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.interference.ConflictReport.GroupConflicts;
import io.hfmerge.analysis.interference.ConflictReport.SampledText;
import io.hfmerge.analysis.interference.ConflictReport.Task;
import io.hfmerge.analysis.interference.ConflictReport.TensorConflicts;
import io.hfmerge.engine.MergeOptions;
import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.hf.djl.activation.Activations;
import io.hfmerge.hf.djl.activation.Predictions;
import io.hfmerge.hf.djl.activation.Rows;
import io.hfmerge.hf.djl.activation.TextSample;
import io.hfmerge.hf.djl.block.ActivationListener.Reader;
import io.hfmerge.hf.djl.model.LoadOptions;
import io.hfmerge.hf.djl.model.TransformerModel;
import io.hfmerge.hf.djl.text.TextTokenizer;
import io.hfmerge.hf.output.ComputedModel;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.RecipeBook;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.SequencedMap;

/**
 * How models clash on texts, beside what their weights tell: models, their sum and the base run on
 * a sample of each task's text. Sums are merged in memory. One model is open at a time, and states
 * of one text.
 */
public final class ActivationConflicts {

  /** A sample of what a task is about. */
  public record Text(String name, String content) {}

  /**
   * With what to run.
   *
   * @param engine how sums are merged
   * @param load where models run
   * @param sample how much of each text to take
   * @param progress hears of weights of models that have run
   */
  public record Setup(
      HfModels models,
      MergeMethods methods,
      MergeOptions engine,
      LoadOptions load,
      TextSample.Settings sample,
      ProgressListener progress) {}

  /** Work with a model that is open meanwhile. */
  @FunctionalInterface
  private interface Run<T> {
    T on(TransformerModel model);
  }

  private final ConflictReport report;
  private final List<Task> tasks;
  private final List<Text> texts;
  private final Setup setup;
  private final List<TextSample> samples = new ArrayList<>();
  private final Findings whole = new Findings();
  private final SequencedMap<Integer, Findings> byLayer = new LinkedHashMap<>();
  private final SequencedMap<Integer, Map<Reader, Findings>> byReader = new LinkedHashMap<>();
  private final Map<List<Integer>, Double> changes = new HashMap<>();
  private final List<Integer> predictions = new ArrayList<>();
  private long baseBytes;

  private ActivationConflicts(ConflictReport report, List<Text> texts, Setup setup) {
    this.report = report;
    this.tasks = report.tasks();
    this.texts = texts;
    this.setup = setup;
  }

  /**
   * Adds what models do on texts to a report on their weights.
   *
   * @param texts one for each model, in their order; or one for all, which says nothing of how
   *     inputs overlap
   * @throws io.hfmerge.hf.djl.block.InvalidInputException if a text is empty, or the models do not
   *     read texts
   * @throws io.hfmerge.error.HfMergeException if a model is refused
   * @throws IOException if a file cannot be read
   */
  public static ConflictReport add(ConflictReport report, List<Text> texts, Setup setup)
      throws IOException {
    if (texts.size() != 1 && texts.size() != report.tasks().size()) {
      throw new IllegalArgumentException(
          "expected a text for each of %d models, or one for all, found %d"
              .formatted(report.tasks().size(), texts.size()));
    }
    return new ActivationConflicts(report, texts, setup).run();
  }

  private ConflictReport run() throws IOException {
    setup.progress().started("running models", Math.multiplyExact(runs(), bytes()));
    for (int task = 0; task < tasks.size(); task++) {
      measure(task);
    }
    for (int i = 0; i < tasks.size(); i++) {
      for (int j = i + 1; j < tasks.size(); j++) {
        double error = change(i, j) + change(j, i);
        whole.ofPair(ActivationMeasures.DISENTANGLEMENT, i, j, error, OptionalDouble.empty());
      }
    }
    if (texts.size() > 1) {
      withReference(
          report.base(),
          model -> {
            Activations.inputs(model, samples, this::overlaps);
            return true;
          });
    }
    setup.progress().finished();
    return completed();
  }

  /** Of each task: its model, its part of the sum, the sum, the base; and pairs if there are. */
  private long runs() {
    long count = tasks.size();
    long pairs = count > 2 ? count * (count - 1) : 0;
    return 4 * count + pairs + (texts.size() > 1 ? 1 : 0);
  }

  private long bytes() throws IOException {
    try (HfModel base = setup.models().openModel(report.base())) {
      baseBytes = base.checkpoint().tensors().stream().mapToLong(TensorSpec::sizeBytes).sum();
      return baseBytes;
    }
  }

  private double change(int task, int other) {
    return Objects.requireNonNull(changes.get(List.of(task, other)));
  }

  private void measure(int task) throws IOException {
    List<Rows> own = states(task);
    TextSample sample = samples.get(task);
    try (Predictions alone = withSum(List.of(task), model -> Predictions.of(model, sample))) {
      List<Rows> summed =
          withSum(
              everyTask(),
              model -> {
                Predictions.Difference difference = alone.against(model);
                add(
                    ActivationMeasures.SUM_CHANGE,
                    ActivationMeasures.SUM_DIVERGENCE,
                    task,
                    OptionalInt.empty(),
                    difference);
                predictions.add(difference.predictions());
                if (tasks.size() == 2) {
                  changed(task, 1 - task, difference);
                }
                return Activations.outputs(model, sample);
              });
      for (int other = 0; other < tasks.size() && tasks.size() > 2; other++) {
        if (other != task) {
          changed(task, other, withSum(List.of(task, other), alone::against));
        }
      }
      List<Rows> base = withReference(report.base(), model -> Activations.outputs(model, sample));
      for (int layer = 0; layer < own.size(); layer++) {
        compare(task, layer, own.get(layer), summed.get(layer), base.get(layer));
      }
    }
  }

  private List<Integer> everyTask() {
    List<Integer> all = new ArrayList<>();
    for (int task = 0; task < tasks.size(); task++) {
      all.add(task);
    }
    return all;
  }

  private void changed(int task, int other, Predictions.Difference difference) {
    changes.put(List.of(task, other), difference.distance());
    add(
        ActivationMeasures.CHANGE,
        ActivationMeasures.DIVERGENCE,
        task,
        OptionalInt.of(other),
        difference);
  }

  private void add(
      Measure distance,
      Measure divergence,
      int task,
      OptionalInt other,
      Predictions.Difference difference) {
    OptionalDouble none = OptionalDouble.empty();
    whole.of(distance, task, other, difference.distance(), none);
    if (difference.divergence().isPresent()) {
      whole.of(divergence, task, other, difference.divergence().getAsDouble(), none);
    }
  }

  private void compare(int task, int layer, Rows own, Rows summed, Rows base) {
    Findings findings = byLayer.computeIfAbsent(layer, at -> new Findings());
    StateSimilarity expert = new StateSimilarity(own);
    StateSimilarity sum = new StateSimilarity(summed);
    OptionalDouble chance = OptionalDouble.of(expert.chance());
    OptionalDouble none = OptionalDouble.empty();
    findings.ofTask(ActivationMeasures.CKA, task, expert.cka(sum), chance);
    double ofBase = expert.cka(new StateSimilarity(base));
    findings.ofTask(ActivationMeasures.BASE_CKA, task, ofBase, chance);
    findings.ofTask(ActivationMeasures.BIAS, task, StateSimilarity.bias(own, summed), none);
    findings.ofTask(ActivationMeasures.VARIANCE, task, sum.varianceOver(expert), none);
  }

  private void overlaps(int layer, Reader reader, List<Rows> inputs) {
    Findings findings =
        byReader
            .computeIfAbsent(layer, at -> new EnumMap<>(Reader.class))
            .computeIfAbsent(reader, at -> new Findings());
    for (int i = 0; i < inputs.size(); i++) {
      for (int j = i + 1; j < inputs.size(); j++) {
        findings.ofPair(
            ActivationMeasures.INPUT_OVERLAP,
            i,
            j,
            StateSimilarity.gramOverlap(inputs.get(i), inputs.get(j)),
            OptionalDouble.of(StateSimilarity.gramChance(inputs.get(i), inputs.get(j))));
      }
    }
  }

  /** Takes the sample of a task's text, by its own tokenizer, and runs its model on it. */
  private List<Rows> states(int task) throws IOException {
    Text text = texts.get(texts.size() == 1 ? 0 : task);
    try (HfModel files = setup.models().openModel(tasks.get(task).id());
        TextTokenizer tokenizer = tokenizer(files);
        TransformerModel model = TransformerModel.load(files, setup.load())) {
      samples.add(TextSample.of(text.content(), tokenizer, model, setup.sample()));
      return ran(Activations.outputs(model, samples.getLast()));
    }
  }

  private <T> T ran(T result) {
    setup.progress().advanced(baseBytes);
    return result;
  }

  /** The model's, or the base's where the model came without one. */
  private TextTokenizer tokenizer(HfModel files) throws IOException {
    try {
      return TextTokenizer.open(files);
    } catch (UnresolvedReferenceException e) {
      try (HfModel base = setup.models().openModel(report.base())) {
        return TextTokenizer.open(base);
      }
    }
  }

  private <T> T withReference(String reference, Run<T> run) throws IOException {
    try (HfModel files = setup.models().openModel(reference);
        TransformerModel model = TransformerModel.load(files, setup.load())) {
      return ran(run.on(model));
    }
  }

  /** With base + Σ w_t D_t of some tasks, which is a model itself where one has weight 1. */
  private <T> T withSum(List<Integer> summands, Run<T> run) throws IOException {
    Map<String, Double> weights = new LinkedHashMap<>();
    for (int task : summands) {
      weights.put(tasks.get(task).id(), tasks.get(task).weight());
    }
    if (weights.size() == 1 && weights.containsValue(1.0)) {
      return withReference(weights.keySet().iterator().next(), run);
    }
    Recipe recipe = Recipe.sum(report.base(), weights).outDtype(DType.F32).build();
    try (ComputedModel sum =
            ComputedModel.open(
                setup.models(), setup.methods(), RecipeBook.of(recipe), setup.engine(), "the sum");
        TransformerModel model = TransformerModel.load(sum.model(), setup.load())) {
      sum.checkFinite();
      return ran(run.on(model));
    }
  }

  private ConflictReport completed() {
    List<TensorConflicts> tensors =
        report.tensors().stream()
            .map(tensor ->
                new TensorConflicts(
                    tensor.stack(),
                    tensor.layer(),
                    tensor.role(),
                    tensor.expert(),
                    tensor.tensor(),
                    tensor.rows(),
                    tensor.columns(),
                    joined(tensor.values(), ofInput(tensor.layer(), tensor.role()))))
            .toList();
    List<GroupConflicts> layers =
        report.layers().stream()
            .map(group -> with(group, ofLayer(group.layer().orElse(-1))))
            .toList();
    List<GroupConflicts> roles =
        report.roles().stream()
            .map(group -> with(group, mean(ofRole(group.role().orElse(Role.OTHER)))))
            .toList();
    List<MeasureValue> layersAll = new ArrayList<>();
    byLayer.values().forEach(findings -> layersAll.addAll(findings.values()));
    byReader.keySet().forEach(layer -> layersAll.addAll(ofInputs(layer)));
    List<SampledText> sampled = new ArrayList<>();
    for (int i = 0; i < samples.size(); i++) {
      sampled.add(
          new SampledText(
              texts.get(texts.size() == 1 ? 0 : i).name(),
              samples.get(i).sequences(),
              samples.get(i).tokens(),
              predictions.get(i)));
    }
    return new ConflictReport(
        report.base(),
        report.modelType(),
        tasks,
        report.request(),
        tensors,
        layers,
        roles,
        with(report.model(), joined(whole.values(), mean(layersAll))),
        report.theory(),
        sampled,
        report.skipped());
  }

  private static GroupConflicts with(GroupConflicts group, List<MeasureValue> more) {
    return new GroupConflicts(
        group.stack(),
        group.layer(),
        group.role(),
        group.tensors(),
        group.elements(),
        joined(group.values(), more));
  }

  private static List<MeasureValue> joined(List<MeasureValue> first, List<MeasureValue> second) {
    List<MeasureValue> all = new ArrayList<>(first);
    all.addAll(second);
    return all;
  }

  private static Optional<Reader> reader(Role role) {
    return Optional.ofNullable(
        switch (role) {
          case Q, K, V, QKV -> Reader.QUERY_KEY_VALUE;
          case O -> Reader.ATTENTION_OUTPUT;
          case M1, GATE -> Reader.MLP_INPUT;
          case M2 -> Reader.MLP_OUTPUT;
          case OTHER -> null;
        });
  }

  private List<MeasureValue> ofInput(int layer, Role role) {
    return reader(role)
        .flatMap(reader ->
            Optional.ofNullable(byReader.get(layer))
                .flatMap(inputs -> Optional.ofNullable(inputs.get(reader))))
        .map(Findings::values)
        .orElse(List.of());
  }

  private List<MeasureValue> ofRole(Role role) {
    return byReader.keySet().stream().flatMap(layer -> ofInput(layer, role).stream()).toList();
  }

  private List<MeasureValue> ofInputs(int layer) {
    return byReader.getOrDefault(layer, Map.of()).values().stream()
        .flatMap(findings -> findings.values().stream())
        .toList();
  }

  private List<MeasureValue> ofLayer(int layer) {
    List<MeasureValue> states =
        Optional.ofNullable(byLayer.get(layer)).map(Findings::values).orElse(List.of());
    return joined(states, mean(ofInputs(layer)));
  }

  /** Plain means of the values of each measure and models, in the order in which they come. */
  private static List<MeasureValue> mean(List<MeasureValue> values) {
    record Key(Measure measure, OptionalInt first, OptionalInt second) {}
    SequencedMap<Key, List<MeasureValue>> groups = new LinkedHashMap<>();
    for (MeasureValue value : values) {
      groups
          .computeIfAbsent(
              new Key(value.measure(), value.first(), value.second()), key -> new ArrayList<>())
          .add(value);
    }
    List<MeasureValue> means = new ArrayList<>();
    groups.forEach((key, group) -> {
      double mean = group.stream().mapToDouble(MeasureValue::value).average().orElseThrow();
      boolean chances = group.stream().allMatch(value -> value.chance().isPresent());
      OptionalDouble chance =
          chances
              ? group.stream().mapToDouble(value -> value.chance().orElseThrow()).average()
              : OptionalDouble.empty();
      means.add(new MeasureValue(key.measure(), key.first(), key.second(), mean, chance));
    });
    return means;
  }
}
