package io.hfmerge.cli.command;

import io.hfmerge.cli.option.DeviceOptions;
import io.hfmerge.cli.option.EvalTaskOption;
import io.hfmerge.cli.option.OutputOptions;
import io.hfmerge.cli.output.CurveTable;
import io.hfmerge.cli.output.ProgressLine;
import io.hfmerge.cli.output.Terminal;
import io.hfmerge.error.HfMergeException;
import io.hfmerge.hf.djl.eval.EvalTask;
import io.hfmerge.hf.djl.eval.Metric;
import io.hfmerge.hf.djl.eval.ParameterSearch;
import io.hfmerge.hf.djl.eval.ParameterSearch.Trial;
import io.hfmerge.hf.djl.eval.RecipeEvaluator;
import io.hfmerge.hf.djl.eval.RecipeParameter;
import io.hfmerge.hf.files.Utf8Text;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.RecipeBook;
import io.hfmerge.recipe.RecipeReader;
import io.hfmerge.recipe.RecipeWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code hfmerge tune}: numbers of a recipe chosen by how well the merged model does. */
@Command(
    name = "tune",
    description = {
      "Chooses numbers of a recipe by an evaluation. Candidates are merged in memory: for each"
          + " parameter in turn a grid, then from the best point golden sections for one parameter,"
          + " a Nelder-Mead simplex for several.",
      "The best of many candidates looks better than it is: evaluate it on other texts as well."
    })
public final class TuneCommand implements Callable<Integer> {

  private static final int SECTIONS = 5;
  private static final int SIMPLEX_STEPS = 15;

  @Spec @Nullable CommandSpec spec;

  @Parameters(paramLabel = "RECIPE", description = "A YAML file with one recipe.")
  private Path recipeFile = Path.of("");

  @Mixin private final EvalTaskOption evaluated = new EvalTaskOption();

  @Option(
      names = "--param",
      paramLabel = "NAME=LOW:HIGH",
      required = true,
      description = "lambda=0.1:1.2, models[0].weight=0:1, ...; may be given several times.")
  private List<String> parameters = List.of();

  @Option(
      names = "--grid",
      paramLabel = "N",
      description = "Points on each grid (default: ${DEFAULT-VALUE}).")
  private int grid = 7;

  @Option(
      names = "--evaluations",
      paramLabel = "N",
      description =
          "Candidates after the grid, at most (default: 5 for one parameter, 15 for each of"
              + " several).")
  private @Nullable Integer evaluations;

  @Option(
      names = {"-o", "--out"},
      paramLabel = "OUT",
      description = "Folder to create with the best candidate's model.")
  private @Nullable Path target;

  @Mixin private final OutputOptions output = new OutputOptions();

  @Mixin private final DeviceOptions device = new DeviceOptions();

  @Override
  public Integer call() throws Exception {
    CommandSpec command = Objects.requireNonNull(spec);
    if (output.dryRun()) {
      throw usage("--dry-run: not with tune");
    }
    MergeMethods methods = MergeMethods.installed();
    Recipe recipe =
        output
            .seeded(
                RecipeBook.of(
                    new RecipeReader(methods)
                        .read(Utf8Text.read(recipeFile), recipeFile.toString())))
            .outputs()
            .getFirst()
            .recipe();
    List<RecipeParameter> searched =
        device.checked(command, () -> parameters.stream().map(RecipeParameter::parse).toList());
    EvalTask task = evaluated.read(command, device);
    AtomicReference<Metric> metric = new AtomicReference<>();
    List<Trial> trials;
    try (ProgressLine progress = ProgressLine.create(command.commandLine().getErr())) {
      RecipeEvaluator evaluator =
          new RecipeEvaluator(
              output.models(progress),
              methods,
              output.settings().engine(),
              task,
              device.loadOptions());
      ParameterSearch search =
          search(
              searched,
              values -> {
                Metric found = measured(evaluator, recipe, searched, values);
                metric.set(found);
                return found.lowerIsBetter() ? found.value() : -found.value();
              });
      trials = device.checked(command, search::run);
    }
    Trial best = ParameterSearch.best(trials);
    print(searched, trials, best, Objects.requireNonNull(metric.get()));
    if (target == null) {
      return 0;
    }
    Recipe winner = with(recipe, searched, best.values());
    return MergeRun.execute(
        RecipeBook.of(winner),
        new RecipeWriter().write(winner),
        methods,
        target,
        output,
        command.commandLine());
  }

  /** A candidate that cannot be merged ends the search: says which one it was. */
  private Metric measured(
      RecipeEvaluator evaluator, Recipe recipe, List<RecipeParameter> searched, List<Double> values)
      throws IOException {
    try {
      return evaluator.measure(with(recipe, searched, values));
    } catch (HfMergeException e) {
      List<String> candidate = new ArrayList<>();
      for (int i = 0; i < values.size(); i++) {
        candidate.add(searched.get(i).text() + '=' + values.get(i));
      }
      Objects.requireNonNull(spec)
          .commandLine()
          .getErr()
          .println(
              Terminal.printable(
                  "hfmerge: the candidate " + String.join(", ", candidate) + " fails:"));
      throw e;
    }
  }

  private ParameterSearch search(
      List<RecipeParameter> searched, ParameterSearch.Objective objective) {
    try {
      return new ParameterSearch(
          searched.stream().map(RecipeParameter::range).toList(),
          grid,
          evaluations == null ? defaultEvaluations(searched.size()) : evaluations,
          objective);
    } catch (IllegalArgumentException e) {
      throw usage(String.valueOf(e.getMessage()));
    }
  }

  private static int defaultEvaluations(int parameters) {
    return parameters == 1 ? SECTIONS : SIMPLEX_STEPS * parameters;
  }

  private static Recipe with(Recipe recipe, List<RecipeParameter> searched, List<Double> values) {
    Recipe changed = recipe;
    for (int i = 0; i < values.size(); i++) {
      changed = searched.get(i).set(changed, values.get(i));
    }
    return changed;
  }

  private void print(
      List<RecipeParameter> searched, List<Trial> trials, Trial best, Metric metric) {
    int sign = metric.lowerIsBetter() ? 1 : -1;
    List<Trial> sorted = new ArrayList<>(trials);
    if (searched.size() == 1) {
      sorted.sort(Comparator.comparingDouble(trial -> trial.values().getFirst()));
    }
    List<CurveTable.Point> points =
        sorted.stream()
            .map(trial -> new CurveTable.Point(label(trial.values()), sign * trial.value()))
            .toList();
    String names = String.join(" ", searched.stream().map(RecipeParameter::text).toList());
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    out.print(CurveTable.render(Terminal.printable(names), metric.name(), points));
    for (int i = 0; i < searched.size(); i++) {
      out.println(
          Terminal.printable("best " + searched.get(i).text() + " = " + best.values().get(i)));
    }
    out.printf(Locale.ROOT, "%s %.6g%n", metric.name(), sign * best.value());
    out.flush();
  }

  private static String label(List<Double> values) {
    List<String> parts = new ArrayList<>();
    values.forEach(value -> parts.add(String.format(Locale.ROOT, "%.6g", value)));
    return String.join(" ", parts);
  }

  private ParameterException usage(String message) {
    return new ParameterException(Objects.requireNonNull(spec).commandLine(), message);
  }
}
