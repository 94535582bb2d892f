package io.hfmerge.cli.command;

import io.hfmerge.analysis.lora.AdapterReport;
import io.hfmerge.analysis.lora.AdapterSum;
import io.hfmerge.cli.option.DeviceOptions;
import io.hfmerge.cli.option.FloatDType;
import io.hfmerge.cli.option.OutputOptions;
import io.hfmerge.cli.option.RankOptions;
import io.hfmerge.cli.output.EvaluationTable;
import io.hfmerge.cli.output.ProgressLine;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.ModelLocation;
import io.hfmerge.hf.djl.eval.Bootstrap;
import io.hfmerge.hf.djl.eval.EvalTask;
import io.hfmerge.hf.djl.eval.Evaluation;
import io.hfmerge.hf.djl.model.LoadOptions;
import io.hfmerge.hf.lora.Adapter;
import io.hfmerge.hf.output.AdapterWriter;
import io.hfmerge.hf.output.ComputedModel;
import io.hfmerge.hf.output.MergeSettings;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.recipe.ParameterValue;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.RecipeBook;
import io.hfmerge.recipe.RecipeBuilder;
import io.hfmerge.recipe.RecipeWriter;
import io.hfmerge.tensor.DType;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code hfmerge sum}: base + λ Σ wᵢ (modelᵢ − base). */
@Command(
    name = "sum",
    description = {
      "Sums fine-tuned models by their task vectors:",
      "  base + lambda * (w1 * (model1 - base) + w2 * (model2 - base) + ...)",
      "With --lora, LoRA adapters of one base into one adapter:",
      "  lambda * (w1 * adapter1 + w2 * adapter2 + ...)"
    })
public final class SumCommand implements Callable<Integer> {

  @Spec @Nullable CommandSpec spec;

  @Option(
      names = "--base",
      paramLabel = "MODEL",
      description = "The model that all others were fine-tuned from.")
  private @Nullable String base;

  @Option(names = "--lora", description = "Sum adapters; needs no base.")
  private boolean lora;

  @Mixin private final RankOptions rankOptions = new RankOptions();

  @Parameters(
      arity = "1..*",
      paramLabel = "MODEL[=WEIGHT]",
      description = "Fine-tuned models with their weights (default: 1).")
  private List<String> models = new ArrayList<>();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "OUT",
      description = "Folder to create; may be left out with --eval.")
  private @Nullable Path target;

  @Option(
      names = "--lambda",
      paramLabel = "L",
      description = "Scale of the sum (default: ${DEFAULT-VALUE}).")
  private double lambda = 1;

  @Option(
      names = "--dtype",
      paramLabel = "DTYPE",
      converter = FloatDType.Converter.class,
      description =
          "float32, bfloat16, float16 or float64 (default: as the base is stored; of adapters"
              + " float32).")
  private @Nullable FloatDType dtype;

  @Option(
      names = "--eval",
      paramLabel = "TASK",
      description =
          "Measure base, models and sum, and compare them with the base: a YAML file, as for tune."
              + " Without --output the sum is merged in memory and not written.")
  private @Nullable Path taskFile;

  @Mixin private final OutputOptions options = new OutputOptions();

  @Override
  public Integer call() throws Exception {
    if (!Double.isFinite(lambda)) {
      throw usage("--lambda: expected a finite number, found " + lambda);
    }
    if (target == null && (lora || taskFile == null)) {
      throw usage("Missing required option: '--output=OUT'");
    }
    if (lora) {
      if (taskFile != null) {
        throw usage("--eval: not with --lora; evaluate BASE+ADAPTER by hfmerge eval");
      }
      return sumAdapters(target);
    }
    if (base == null) {
      throw usage("Missing required option: '--base=MODEL' (or --lora for adapters)");
    }
    if (rankOptions.choice().isPresent()) {
      throw usage("--rank and --energy are for adapters: add --lora");
    }
    RecipeBuilder builder = Recipe.sum(base, weights());
    if (lambda != 1) {
      builder.parameter("lambda", ParameterValue.of(lambda));
    }
    builder.outDtype(dtype == null ? null : dtype.value());
    Recipe recipe = builder.build();
    // read first: a faulty task is no reason to find out after the merge
    EvalTask task = taskFile == null ? null : task(taskFile);
    if (target != null) {
      int code =
          MergeRun.execute(
              RecipeBook.of(recipe),
              new RecipeWriter().write(recipe),
              MergeMethods.installed(),
              target,
              options,
              Objects.requireNonNull(spec).commandLine());
      if (code != 0) {
        return code;
      }
    }
    if (task != null) {
      evaluate(task, base, recipe);
    }
    return 0;
  }

  private EvalTask task(Path file) throws IOException {
    if (options.dryRun()) {
      throw usage("--eval: not with --dry-run");
    }
    return new DeviceOptions().checked(Objects.requireNonNull(spec), () -> EvalTask.read(file));
  }

  private void evaluate(EvalTask task, String baseReference, Recipe recipe) throws IOException {
    List<String> references = new ArrayList<>(List.of(baseReference));
    recipe.models().forEach(model -> references.add(model.reference()));
    CommandSpec command = Objects.requireNonNull(spec);
    List<Evaluation> evaluations = new ArrayList<>();
    if (target != null) {
      references.add(target.toString());
    }
    for (String reference : references) {
      try (HfModel model = RunnableModels.open(reference, command)) {
        evaluations.add(evaluate(task, model));
      }
    }
    if (target == null) {
      references.add("the sum");
      try (ComputedModel sum =
          ComputedModel.open(
              HfModels.load(),
              MergeMethods.installed(),
              options.seeded(RecipeBook.of(recipe)),
              options.settings().engine(),
              "the sum")) {
        evaluations.add(evaluate(task, sum.model()));
        sum.checkFinite();
      }
    }
    PrintWriter out = command.commandLine().getOut();
    out.print(new EvaluationTable(references, evaluations, Bootstrap.DEFAULT).render());
    out.flush();
  }

  private Evaluation evaluate(EvalTask task, HfModel model) throws IOException {
    return new DeviceOptions()
        .checked(Objects.requireNonNull(spec), () -> task.evaluate(model, LoadOptions.cpu()));
  }

  private int sumAdapters(@Nullable Path folder) throws Exception {
    Path created = Objects.requireNonNull(folder);
    if (base != null) {
      throw usage("--lora sums adapters by themselves: leave --base out");
    }
    if (options.dryRun()) {
      throw usage("--dry-run: not with --lora");
    }
    MergeSettings settings = options.settings();
    Map<String, Double> weights = weights();
    List<AdapterSum.Term> terms = new ArrayList<>();
    AdapterReport report;
    try (ProgressLine progress = ProgressLine.create();
        AdapterWriter writer =
            adapterWriter(created, options.models(progress), weights.keySet(), settings)) {
      HfModels models = options.models(progress);
      for (Map.Entry<String, Double> entry : weights.entrySet()) {
        Adapter adapter = models.openAdapter(entry.getKey());
        terms.add(new AdapterSum.Term(adapter, lambda * entry.getValue()));
      }
      report =
          AdapterSum.write(
              terms,
              rankOptions.choice(),
              dtype == null ? DType.F32 : dtype.value(),
              writer,
              settings.engine().threads(),
              settings.version(),
              progress);
    } finally {
      for (AdapterSum.Term term : terms) {
        term.adapter().close();
      }
    }
    AdapterLines.print(report, Objects.requireNonNull(spec).commandLine().getOut());
    return 0;
  }

  private static AdapterWriter adapterWriter(
      Path target, HfModels models, Set<String> references, MergeSettings settings)
      throws IOException {
    List<ModelLocation> inputs = new ArrayList<>();
    for (String reference : references) {
      inputs.add(models.locate(reference));
    }
    return AdapterWriter.create(target, settings.replace(), inputs);
  }

  private Map<String, Double> weights() {
    return WeightedReferences.parse(models, base, this::usage);
  }

  private ParameterException usage(String message) {
    return new ParameterException(Objects.requireNonNull(spec).commandLine(), message);
  }
}
