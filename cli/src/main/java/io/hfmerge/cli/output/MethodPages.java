package io.hfmerge.cli.output;

import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.HorizontalAlign;
import com.github.freva.asciitable.OverflowBehaviour;
import io.hfmerge.method.MethodDescription;
import io.hfmerge.method.Paper;
import io.hfmerge.method.ParameterDescription;
import io.hfmerge.method.ParameterDescription.Scope;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Merge methods as a list, as a page of one, and as a tree for JSON. */
public final class MethodPages {

  private static final int NAME_COLUMNS = 18;
  private static final int MODELS_COLUMNS = 21;
  private static final int PARAMETERS_COLUMNS = 32;
  private static final int SOURCE_COLUMNS = 28;

  private MethodPages() {}

  /** All methods: name, models, parameters with defaults, sources. */
  public static String list(List<MethodDescription> methods) {
    String table =
        AsciiTable.getTable(
            AsciiTable.NO_BORDERS,
            methods,
            List.of(
                column("method", NAME_COLUMNS).with(method -> text(method.name())),
                column("models", MODELS_COLUMNS).with(MethodPages::models),
                column("parameters", PARAMETERS_COLUMNS).with(MethodPages::parameters),
                column("source", SOURCE_COLUMNS).with(MethodPages::sources)));
    return table.lines().map(String::stripTrailing).collect(Collectors.joining("\n"))
        + "\n\n* one value for each model; ! must be given.\n"
        + "hfmerge methods NAME explains one.\n";
  }

  private static Column column(String header, int width) {
    return new Column()
        .header(header)
        .headerAlign(HorizontalAlign.LEFT)
        .dataAlign(HorizontalAlign.LEFT)
        .maxWidth(width, OverflowBehaviour.NEWLINE);
  }

  private static String text(String text) {
    return Terminal.printable(text);
  }

  /** As in {@code base + 2 or more}. */
  private static String models(MethodDescription method) {
    int least = method.minimumModels();
    int most = method.maximumModels();
    String count =
        most == Integer.MAX_VALUE
            ? least + " or more"
            : least == most ? String.valueOf(least) : least + " to " + most;
    return switch (method.base()) {
      case UNUSED, MODEL_IN_MERGEKIT -> count;
      case OPTIONAL -> "(base +) " + count;
      case REQUIRED -> "base + " + count;
    };
  }

  /** As in {@code weight*!, lambda=1}; those without effect are left to the page. */
  private static String parameters(MethodDescription method) {
    return method.parameters().stream()
        .filter(ParameterDescription::used)
        .map(p ->
            text(p.name())
                + (p.scope() == Scope.PER_MODEL ? "*" : "")
                + (p.required() ? "!" : "=" + fallback(p)))
        .collect(Collectors.joining(", "));
  }

  private static String sources(MethodDescription method) {
    return method.papers().stream().map(MethodPages::shortSource).collect(Collectors.joining("; "));
  }

  /** Authors and year, and where it is on arXiv. */
  private static String shortSource(Paper paper) {
    String authors = paper.citation().split(", ", 2)[0];
    return text(paper.arxivId().isEmpty() ? authors : authors + " " + paper.arxivId());
  }

  private static String fallback(ParameterDescription parameter) {
    Double value = parameter.defaultValue();
    return value == null ? "" : parameter.word(value).orElseGet(() -> number(value));
  }

  private static String number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? String.valueOf((long) value)
        : String.valueOf(value).replace(".0E", "e").replace("E", "e");
  }

  /** Everything about one method. */
  public static String page(MethodDescription method) {
    StringBuilder page = new StringBuilder();
    paragraph(page, "", method.name() + ": " + method.summary());
    if (!method.formula().isEmpty()) {
      page.append('\n');
      method.formula().lines().forEach(line -> page.append("    ").append(text(line)).append('\n'));
    }
    page.append('\n');
    paragraph(page, "Models       ", models(method) + baseNote(method));
    page.append("\nParameters").append(method.parameters().isEmpty() ? "   none\n" : "\n");
    for (ParameterDescription parameter : method.parameters()) {
      paragraph(page, "  " + pad(parameter.name()), describe(parameter));
    }
    page.append("\nSource");
    page.append(method.papers().isEmpty() ? "       none\n" : "\n");
    for (Paper paper : method.papers()) {
      paragraph(page, "  ", paper.citation());
      if (!paper.url().isEmpty()) {
        page.append("  ").append(text(paper.url())).append('\n');
      }
    }
    page.append("\nDiffers from mergekit");
    page.append(method.departures().isEmpty() ? ": no, up to F32 rounding\n" : "\n");
    for (String departure : method.departures()) {
      paragraph(page, "  * ", departure);
    }
    return page.toString();
  }

  private static String baseNote(MethodDescription method) {
    return switch (method.base()) {
      case UNUSED, MODEL_IN_MERGEKIT -> "; a base_model lends names and order only";
      case OPTIONAL -> "; with a base_model, it works on the differences to it";
      case REQUIRED -> ", the base being base_model, listed among the models or not";
    };
  }

  private static String describe(ParameterDescription parameter) {
    String kind =
        switch (parameter.type()) {
          case FLAG -> "true or false";
          case NUMBER -> "number" + range(parameter);
          case CHOICE -> String.join(" or ", parameter.choices());
        };
    return kind
        + (parameter.scope() == Scope.PER_MODEL ? ", one for each model" : "")
        + (parameter.required() ? ", must be given" : ", default " + fallback(parameter))
        + ": "
        + parameter.meaning();
  }

  private static String range(ParameterDescription parameter) {
    boolean below = parameter.minimum() > -Double.MAX_VALUE;
    boolean above = parameter.maximum() < Double.MAX_VALUE;
    String least = number(parameter.minimum());
    String most = number(parameter.maximum());
    if (below && above) {
      return " from " + least + " to " + most;
    }
    return below ? " from " + least + " on" : above ? " up to " + most : "";
  }

  private static String pad(String name) {
    return String.format(java.util.Locale.ROOT, "%-17s ", name);
  }

  /** Breaks text at blanks; further lines are indented like the first. */
  private static void paragraph(StringBuilder page, String lead, String words) {
    StringBuilder line = new StringBuilder(text(lead));
    boolean empty = true;
    for (String word : text(words).split(" ")) {
      if (!empty && line.length() + 1 + word.length() > Terminal.columns()) {
        page.append(line).append('\n');
        line = new StringBuilder(" ".repeat(lead.length()));
        empty = true;
      }
      line.append(empty ? "" : " ").append(word);
      empty = false;
    }
    page.append(line).append('\n');
  }

  /** For JSON. */
  public static Map<String, Object> tree(MethodDescription method) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("name", method.name());
    tree.put("summary", method.summary());
    tree.put("formula", method.formula().lines().toList());
    tree.put("baseModel", method.base().name().toLowerCase(java.util.Locale.ROOT));
    tree.put("minimumModels", method.minimumModels());
    if (method.maximumModels() != Integer.MAX_VALUE) {
      tree.put("maximumModels", method.maximumModels());
    }
    List<Map<String, Object>> parameters = new ArrayList<>();
    for (ParameterDescription parameter : method.parameters()) {
      parameters.add(tree(parameter));
    }
    tree.put("parameters", parameters);
    List<Map<String, Object>> papers = new ArrayList<>();
    for (Paper paper : method.papers()) {
      Map<String, Object> source = new LinkedHashMap<>();
      source.put("citation", paper.citation());
      source.put("arxiv", paper.arxivId());
      source.put("url", paper.url());
      papers.add(source);
    }
    tree.put("papers", papers);
    tree.put("departures", method.departures());
    return tree;
  }

  private static Map<String, Object> tree(ParameterDescription parameter) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("name", parameter.name());
    tree.put("perModel", parameter.scope() == Scope.PER_MODEL);
    tree.put("type", parameter.type().name().toLowerCase(java.util.Locale.ROOT));
    tree.put("required", parameter.required());
    Double fallback = parameter.defaultValue();
    if (fallback != null) {
      tree.put(
          "default",
          switch (parameter.type()) {
            case FLAG -> fallback != 0;
            case NUMBER -> fallback;
            case CHOICE -> fallback(parameter);
          });
    }
    if (parameter.type() == ParameterDescription.Type.CHOICE) {
      tree.put("choices", parameter.choices());
    }
    if (parameter.type() == ParameterDescription.Type.NUMBER) {
      if (parameter.minimum() > -Double.MAX_VALUE) {
        tree.put("minimum", parameter.minimum());
      }
      if (parameter.maximum() < Double.MAX_VALUE) {
        tree.put("maximum", parameter.maximum());
      }
    }
    tree.put("used", parameter.used());
    tree.put("meaning", parameter.meaning());
    return tree;
  }
}
