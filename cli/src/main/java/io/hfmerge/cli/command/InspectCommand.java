package io.hfmerge.cli.command;

import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.HorizontalAlign;
import io.hfmerge.cli.output.Terminal;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.OpenOptions;
import io.hfmerge.hf.json.PythonJson;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorSpec;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code hfmerge inspect}: what a checkpoint holds, from its headers alone. */
@Command(
    name = "inspect",
    description = "Lists the tensors of a checkpoint: names, dtypes, shapes, roles, sizes.")
public final class InspectCommand implements Callable<Integer> {

  enum Format {
    table,
    json
  }

  @Spec @Nullable CommandSpec spec;

  @Parameters(
      paramLabel = "MODEL",
      description =
          "A folder, a .safetensors or .bin file, sample:NAME, OWNER/NAME[@REVISION][:FOLDER] on the"
              + " Hugging Face Hub, or BASE+ADAPTER.")
  private String reference = "";

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "table or json (default: ${DEFAULT-VALUE}).")
  private Format format = Format.table;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    // headers are all it takes, so that nothing large is downloaded for them
    OpenOptions options = OpenOptions.DEFAULT.withStream(true);
    try (HfModel model = HfModels.open(reference, options)) {
      switch (format) {
        case table -> printTable(model, out);
        case json -> out.print(PythonJson.write(json(model)));
      }
      out.flush();
      return 0;
    }
  }

  private static void printTable(HfModel model, PrintWriter out) {
    List<TensorSpec> tensors = model.checkpoint().tensors();
    if (!tensors.isEmpty()) {
      out.println(
          AsciiTable.getTable(
              AsciiTable.NO_BORDERS,
              tensors,
              List.of(
                  column("tensor", HorizontalAlign.LEFT).with(t -> Terminal.printable(t.name())),
                  column("dtype", HorizontalAlign.LEFT).with(t -> t.dtype().name()),
                  column("shape", HorizontalAlign.RIGHT).with(t -> t.shape().toString()),
                  column("role", HorizontalAlign.LEFT).with(model.structure()::describe),
                  column("size", HorizontalAlign.RIGHT).with(t -> Terminal.size(t.sizeBytes())))));
      out.println();
    }
    out.println(summary(model));
    model.notes().stream().map(Terminal::printable).forEach(out::println);
  }

  private static Column column(String header, HorizontalAlign align) {
    return new Column()
        .header(header)
        .headerAlign(align)
        .dataAlign(align)
        // names are to be copied, so they are never broken
        .maxWidth(Integer.MAX_VALUE);
  }

  private static String summary(HfModel model) {
    List<TensorSpec> tensors = model.checkpoint().tensors();
    Map<DType, Long> elements = elementsByDtype(tensors);
    List<String> parts = new ArrayList<>();
    parts.add(model.structure().modelType());
    model
        .structure()
        .dimensions()
        .ifPresent(d ->
            parts.add(
                "%d layers, width %d, %d heads%s of %d"
                    .formatted(
                        d.layers(),
                        d.hidden(),
                        d.heads(),
                        d.kvHeads() == d.heads() ? "" : " (" + d.kvHeads() + " key/value)",
                        d.headWidth())));
    parts.add(tensors.size() + (tensors.size() == 1 ? " tensor" : " tensors"));
    elements.forEach(
        (dtype, count) -> parts.add(String.format(Locale.ROOT, "%,d elements %s", count, dtype)));
    parts.add(Terminal.size(tensors.stream().mapToLong(TensorSpec::sizeBytes).sum()));
    return String.join("; ", parts);
  }

  private static Map<DType, Long> elementsByDtype(List<TensorSpec> tensors) {
    Map<DType, Long> elements = new EnumMap<>(DType.class);
    tensors.forEach(t -> elements.merge(t.dtype(), t.elements(), Math::addExact));
    return elements;
  }

  private static Map<String, Object> json(HfModel model) {
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("schema", "hfmerge.inspect/1");
    root.put("model", model.reference());
    root.put("modelType", model.structure().modelType());
    model
        .structure()
        .dimensions()
        .ifPresent(d -> {
          root.put("layers", d.layers());
          root.put("hidden", d.hidden());
          root.put("heads", d.heads());
          root.put("kvHeads", d.kvHeads());
          root.put("headWidth", d.headWidth());
        });
    root.put("metadata", model.checkpoint().metadata());
    List<Map<String, Object>> tensors = new ArrayList<>();
    for (TensorSpec tensor : model.checkpoint().tensors()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("name", tensor.name());
      entry.put("dtype", tensor.dtype().name());
      entry.put("shape", tensor.shape().dimensions());
      entry.put("role", model.structure().describe(tensor));
      entry.put("bytes", tensor.sizeBytes());
      tensors.add(entry);
    }
    root.put("tensors", tensors);
    root.put("notes", model.notes());
    return root;
  }
}
