package io.hfmerge.cli.command;

import io.hfmerge.cli.option.DeviceOptions;
import io.hfmerge.cli.option.EvalTaskOption;
import io.hfmerge.cli.output.CurveTable;
import io.hfmerge.cli.output.ProgressLine;
import io.hfmerge.engine.MergeOptions;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.OpenOptions;
import io.hfmerge.hf.djl.eval.EvalTask;
import io.hfmerge.hf.djl.eval.LinearPath;
import io.hfmerge.hf.djl.eval.RecipeEvaluator;
import io.hfmerge.hf.json.PythonJson;
import io.hfmerge.method.MergeMethods;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code hfmerge path}: a loss along the line between two models. */
@Command(
    name = "path",
    description = {
      "Measures models on the line between two, (1 - t) A + t B, merged in memory in float32. The"
          + " barrier is the most that the metric is worse than the straight line between both ends;"
          + " near 0, the two models are linearly connected."
    })
public final class PathCommand implements Callable<Integer> {

  enum Format {
    table,
    json
  }

  @Spec @Nullable CommandSpec spec;

  @Parameters(index = "0", paramLabel = "A", description = "The model at t = 0.")
  private String first = "";

  @Parameters(index = "1", paramLabel = "B", description = "The model at t = 1.")
  private String second = "";

  @Mixin private final EvalTaskOption evaluated = new EvalTaskOption();

  @Option(
      names = "--points",
      paramLabel = "N",
      description = "Points on the line, both ends included (default: ${DEFAULT-VALUE}).")
  private int points = 11;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "table or json (default: ${DEFAULT-VALUE}).")
  private Format format = Format.table;

  @Mixin private final DeviceOptions device = new DeviceOptions();

  @Override
  public Integer call() throws Exception {
    CommandSpec command = Objects.requireNonNull(spec);
    if (points < 3 || points > 1000) {
      throw new ParameterException(
          command.commandLine(), "--points: expected 3 to 1000, found " + points);
    }
    EvalTask task = evaluated.read(command, device);
    LinearPath path;
    try (ProgressLine progress = ProgressLine.create(command.commandLine().getErr())) {
      RecipeEvaluator evaluator =
          new RecipeEvaluator(
              HfModels.load().with(OpenOptions.DEFAULT.withListener(progress)),
              MergeMethods.installed(),
              MergeOptions.ofThreads(Runtime.getRuntime().availableProcessors()),
              task,
              device.loadOptions());
      path =
          device.checked(
              command, () -> LinearPath.measure(first, second, points, evaluator::measure));
    }
    PrintWriter out = command.commandLine().getOut();
    if (format == Format.json) {
      out.print(PythonJson.write(json(path)));
    } else {
      out.print(CurveTable.render("t", path.metric(), curve(path)));
      out.printf(
          Locale.ROOT, "barrier %.6g at t = %.6g%n", path.barrier().height(), path.barrier().t());
    }
    out.flush();
    return 0;
  }

  private static List<CurveTable.Point> curve(LinearPath path) {
    return path.points().stream()
        .map(point ->
            new CurveTable.Point(String.format(Locale.ROOT, "%.6g", point.t()), point.value()))
        .toList();
  }

  private Map<String, Object> json(LinearPath path) {
    List<Object> list = new ArrayList<>();
    for (LinearPath.Point point : path.points()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("t", point.t());
      entry.put("value", point.value());
      list.add(entry);
    }
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("schema", "hfmerge.path/1");
    root.put("models", List.of(first, second));
    root.put("metric", path.metric());
    root.put("points", list);
    root.put("barrier", path.barrier().height());
    root.put("barrierAt", path.barrier().t());
    return root;
  }
}
