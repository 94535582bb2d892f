package io.hfmerge.hf.vocab;

import io.hfmerge.hf.json.PythonJson;
import io.hfmerge.hf.vocab.VocabularyPlan.Member;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What a vocabulary plan decided, for the report. */
final class VocabularyNotes {

  /** Tokens listed in one line. */
  private static final int MAX_NAMES = 10;

  private final VocabularyPlan plan;
  private final String donor;
  private final Vocabulary vocabulary;

  /**
   * @param donor reference of the model whose tokenizer the output has
   * @param vocabulary the donor's
   */
  VocabularyNotes(VocabularyPlan plan, String donor, Vocabulary vocabulary) {
    this.plan = plan;
    this.donor = donor;
    this.vocabulary = vocabulary;
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    int known = plan.tokenEnd() - plan.added().size();
    int padding = plan.rows() - plan.tokenEnd();
    lines.add(
        String.format(
            Locale.ROOT,
            "vocabulary: %,d rows: %,d of the tokenizer of %s, %,d tokens added, %,d of padding",
            plan.rows(),
            known,
            donor,
            plan.added().size(),
            padding));
    ordinary(lines);
    Set<Vocabulary> told = new HashSet<>();
    for (Member member : plan.members()) {
      if (told.add(member.vocabulary())) {
        lines.addAll(first(member.vocabulary().notes()));
      }
      withoutRow(member, lines);
      leftOut(member, lines);
    }
    if (told.add(vocabulary)) {
      lines.addAll(first(vocabulary.notes()));
    }
    padding(lines);
    return lines;
  }

  private void ordinary(List<String> lines) {
    long ordinary =
        plan.added().stream()
            .filter(token ->
                plan.members().stream()
                    .map(Member::vocabulary)
                    .noneMatch(source -> source.added(token.content()).isPresent()))
            .count();
    if (ordinary > 0) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%,d of the added tokens are ordinary ones of other tokenizers, which are found where"
                  + " the text has them literally: merge rules are not merged, so other text is cut"
                  + " as by %s",
              ordinary,
              donor));
    }
  }

  private static void withoutRow(Member member, List<String> lines) {
    List<String> tokens = new ArrayList<>();
    for (int id = member.rows(); id < member.vocabulary().size(); id++) {
      String token = member.vocabulary().token(id);
      if (token != null) {
        tokens.add(PythonJson.string(token) + " (" + id + ")");
      }
    }
    if (!tokens.isEmpty()) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%s: %,d tokens have no row in its embedding of %,d rows, and are taken for missing: %s",
              member.reference(),
              tokens.size(),
              member.rows(),
              names(tokens)));
    }
  }

  private void leftOut(Member member, List<String> lines) {
    if (member.vocabulary() == vocabulary) {
      return;
    }
    List<String> tokens = new ArrayList<>();
    for (int id = 0; id < member.vocabulary().size(); id++) {
      String token = member.vocabulary().token(id);
      if (token != null && !plan.hasToken(token)) {
        tokens.add(PythonJson.string(token));
      }
    }
    if (!tokens.isEmpty()) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%s: %,d tokens are not in the output's vocabulary: %s",
              member.reference(),
              tokens.size(),
              names(tokens)));
    }
  }

  private void padding(List<String> lines) {
    int means = 0;
    for (int row = 0; row < plan.rows(); row++) {
      means += plan.isNewPadding(row) ? 1 : 0;
    }
    if (means > 0) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%,d rows of padding are new: each the mean of its model's rows with a token",
              means));
    }
    int donorIndex = plan.donor();
    if (donorIndex != VocabularyPlan.NONE && plan.members().get(donorIndex).rows() > plan.rows()) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%,d rows of padding of %s are left out, as pad_to_multiple_of asks",
              plan.members().get(donorIndex).rows() - plan.rows(),
              donor));
    }
  }

  /** How many rows come from where, for those that some model lacks. */
  static List<String> lent(RowSources sources) {
    int fromBase = 0;
    int fromOnly = 0;
    int means = 0;
    int chosen = 0;
    List<String> zeros = new ArrayList<>();
    VocabularyPlan plan = sources.plan();
    for (int row = 0; row < plan.rows(); row++) {
      if (plan.token(row) == null || !isLent(sources, row)) {
        continue;
      }
      int lender = sources.lender(row);
      if (plan.chosen().containsKey(row)) {
        chosen++;
      } else if (lender == RowSources.MEAN) {
        means++;
      } else if (lender == RowSources.ZERO) {
        zeros.add(PythonJson.string(String.valueOf(plan.token(row))));
      } else if (lender == plan.base()) {
        fromBase++;
      } else {
        fromOnly++;
      }
    }
    List<String> lines = new ArrayList<>();
    if (fromBase + fromOnly + means + chosen + zeros.size() > 0) {
      lines.add(
          String.format(
              Locale.ROOT,
              "rows of tokens that some model lacks: %,d as the recipe says, %,d of the base, %,d of"
                  + " the only model that has them, %,d means over those that do, %,d zeros",
              chosen,
              fromBase,
              fromOnly,
              means,
              zeros.size()));
    }
    if (!zeros.isEmpty()) {
      lines.add("no model has a row for these tokens, theirs are zeros: " + names(zeros));
    }
    return lines;
  }

  private static boolean isLent(RowSources sources, int row) {
    for (int i = 0; i < sources.members(); i++) {
      if (sources.part(i) != null && sources.isLent(i, row)) {
        return true;
      }
    }
    return false;
  }

  private static List<String> first(List<String> lines) {
    if (lines.size() <= MAX_NAMES) {
      return lines;
    }
    List<String> shown = new ArrayList<>(lines.subList(0, MAX_NAMES));
    shown.add("and " + (lines.size() - MAX_NAMES) + " more of that kind");
    return shown;
  }

  private static String names(List<String> tokens) {
    String listed = String.join(", ", tokens.subList(0, Math.min(tokens.size(), MAX_NAMES)));
    return tokens.size() > MAX_NAMES
        ? listed + " and " + (tokens.size() - MAX_NAMES) + " more"
        : listed;
  }
}
