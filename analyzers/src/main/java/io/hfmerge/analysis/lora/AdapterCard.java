package io.hfmerge.analysis.lora;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** The README of an adapter: the front matter that the Hub reads, and how it was made. */
final class AdapterCard {

  private static final Pattern HUB_ID =
      Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*");

  private AdapterCard() {}

  /**
   * The text.
   *
   * @param base what the adapter applies to; named to the Hub only where it can be one of its ids
   * @param how a sentence on its making
   * @param sources what it was made of
   */
  static String markdown(
      String title,
      String base,
      boolean hub,
      String how,
      List<String> sources,
      List<AdapterReport.Module> modules) {
    StringBuilder card = new StringBuilder("---\n");
    if (hub && HUB_ID.matcher(base).matches()) {
      card.append("base_model: ").append(base).append("\nbase_model_relation: adapter\n");
    }
    card.append("library_name: peft\ntags:\n- lora\n- hfmerge\n---\n");
    card.append("# ").append(title).append("\n\n").append(how).append("\n\n");
    sources.forEach(source -> card.append("- `").append(source.replace("`", "")).append("`\n"));
    card.append("\n| module | rank | energy kept |\n|---|---|---|\n");
    modules.forEach(module ->
        card.append(
            String.format(
                Locale.ROOT,
                "| %s | %d | %.6f |%n",
                module.name().replace("|", "\\|"),
                module.rank(),
                module.energy())));
    return card.toString();
  }
}
