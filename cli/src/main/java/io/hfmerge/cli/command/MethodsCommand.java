package io.hfmerge.cli.command;

import io.hfmerge.cli.output.MethodPages;
import io.hfmerge.hf.json.PythonJson;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.method.MethodDescription;
import io.hfmerge.recipe.Spelling;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code hfmerge methods}: the merge methods at hand, those of plug-ins included. */
@Command(
    name = "methods",
    description = "Lists the merge methods with their parameters, or explains one.")
public final class MethodsCommand implements Callable<Integer> {

  enum Format {
    table,
    json
  }

  @Spec @Nullable CommandSpec spec;

  @Parameters(
      paramLabel = "NAME",
      arity = "0..1",
      description = "A method to explain: formula, parameters, source, departures from mergekit.")
  private @Nullable String name;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "table or json (default: ${DEFAULT-VALUE}).")
  private Format format = Format.table;

  @Override
  public Integer call() {
    MergeMethods methods = MergeMethods.installed();
    List<MethodDescription> chosen =
        methods.all().stream()
            .map(MergeMethod::description)
            .filter(method -> name == null || method.name().equals(name))
            .toList();
    if (chosen.isEmpty() && name != null) {
      throw new ParameterException(
          Objects.requireNonNull(spec).commandLine(),
          "no merge method \""
              + name
              + '"'
              + Spelling.hint(name, methods.names())
              + " There are: "
              + String.join(", ", methods.names()));
    }
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    out.print(
        switch (format) {
          case table ->
              name == null ? MethodPages.list(chosen) : MethodPages.page(chosen.getFirst());
          case json -> json(chosen);
        });
    out.flush();
    return 0;
  }

  private static String json(List<MethodDescription> methods) {
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("schema", "hfmerge.methods/1");
    root.put("methods", methods.stream().map(MethodPages::tree).toList());
    return PythonJson.write(root);
  }
}
