package io.hfmerge.hf.vocab;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.recipe.TokenRule;
import io.hfmerge.recipe.TokenSource;
import io.hfmerge.recipe.TokenizerSpec;
import io.hfmerge.recipe.VocabularySource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The output's vocabulary, and for each model which of its rows belongs to which of the output's.
 * Made from vocabularies alone.
 *
 * <p>Output ids are those of the tokenizer taken over; tokens that it lacks get the ids after its
 * last one. A row without a token is padding: it keeps its place if the tokenizer's own model has
 * it.
 */
final class VocabularyPlan {

  /** No row of its own. */
  static final int NONE = -1;

  /**
   * A model to merge.
   *
   * @param reference as the recipe has it
   * @param vocabulary its tokens
   * @param rows rows of its token embedding
   */
  record Member(String reference, Vocabulary vocabulary, int rows) {}

  /**
   * A row that a recipe names.
   *
   * @param member index of the model; {@link #NONE} for zeros
   * @param row in that model's embedding
   */
  record ChosenRow(int member, int row) {}

  private final List<Member> members;
  private final int base;
  private final int donor;
  private final Vocabulary vocabulary;
  private final Map<String, Integer> newIds;
  private final @Nullable String[] tokens;
  private final int rows;
  private final int[][] own;
  private final List<AddedToken> added;
  private final Map<Integer, ChosenRow> chosen;
  private final BitSet forced;

  private VocabularyPlan(Builder builder, int rows, int[][] own) {
    this.members = builder.members;
    this.base = builder.base;
    this.donor = builder.donor;
    this.vocabulary = builder.vocabulary;
    this.newIds = builder.newIds;
    this.tokens = builder.tokens.toArray(String[]::new);
    this.rows = rows;
    this.own = own;
    this.added = List.copyOf(builder.added);
    this.chosen = Map.copyOf(builder.chosen);
    this.forced = builder.forced;
  }

  /**
   * Decides the output's vocabulary.
   *
   * @param spec what the recipe asks for
   * @param members the models, in the recipe's order
   * @param base index of the base model
   * @param donor index of the model whose tokenizer and padding the output has; {@link #NONE} if it
   *     is not merged
   * @param vocabulary the donor's
   * @throws InvalidRecipeException if a token that a rule names does not exist
   * @throws UnsupportedFeatureException if tokens cannot be added to the tokenizer
   */
  static VocabularyPlan of(
      TokenizerSpec spec, List<Member> members, int base, int donor, Vocabulary vocabulary) {
    Builder builder = new Builder(members, base, donor, vocabulary);
    if (spec.source() instanceof VocabularySource.Union) {
      builder.addMissing();
    }
    spec.tokens().forEach(builder::rule);
    return builder.build(spec.padToMultipleOf());
  }

  /** Rows of the output's embedding. */
  int rows() {
    return rows;
  }

  /** One more than the largest id of a token. */
  int tokenEnd() {
    return tokens.length;
  }

  /** The token of a row; {@code null} for padding. */
  @Nullable String token(int row) {
    return row < tokens.length ? tokens[row] : null;
  }

  /** Whether the output has a token. */
  boolean hasToken(String token) {
    return vocabulary.id(token).isPresent() || newIds.containsKey(token);
  }

  List<Member> members() {
    return members;
  }

  /** Index of the base model. */
  int base() {
    return base;
  }

  /** Index of the model whose tokenizer and padding the output has; {@link #NONE} if not merged. */
  int donor() {
    return donor;
  }

  /** A member's row for each output row, or {@link #NONE}; not to be changed. */
  int[] own(int member) {
    return own[member];
  }

  /** Tokens that the tokenizer taken over lacks, by ascending id. */
  List<AddedToken> added() {
    return added;
  }

  /** The rows that the recipe chooses for models that lack a token, by output row. */
  Map<Integer, ChosenRow> chosen() {
    return chosen;
  }

  /** Whether all models take the chosen row. */
  boolean isForced(int row) {
    return forced.get(row);
  }

  /** Whether a row is padding that no model lends: beyond all tokens and the donor's own rows. */
  boolean isNewPadding(int row) {
    return token(row) == null && (donor == NONE || own[donor][row] == NONE);
  }

  private static final class Builder {

    private final List<Member> members;
    private final int base;
    private final int donor;
    private final Vocabulary vocabulary;
    private final List<@Nullable String> tokens;
    private final Map<String, Integer> newIds = new HashMap<>();
    private final List<AddedToken> added = new ArrayList<>();
    private final Map<Integer, ChosenRow> chosen = new HashMap<>();
    private final BitSet forced = new BitSet();

    Builder(List<Member> members, int base, int donor, Vocabulary vocabulary) {
      this.members = List.copyOf(members);
      this.base = base;
      this.donor = donor;
      this.vocabulary = vocabulary;
      this.tokens = new ArrayList<>(vocabulary.size());
      for (int id = 0; id < vocabulary.size(); id++) {
        tokens.add(vocabulary.token(id));
      }
    }

    /** Appends what the donor lacks, model after model, each by ascending id. */
    void addMissing() {
      List<Vocabulary> done = new ArrayList<>();
      done.add(vocabulary);
      for (Member member : members) {
        if (done.contains(member.vocabulary())) {
          continue;
        }
        done.add(member.vocabulary());
        for (int id = 0; id < member.vocabulary().size(); id++) {
          String token = member.vocabulary().token(id);
          // a tokenizer finds no empty token
          if (token != null && !token.isEmpty()) {
            addIfMissing(token, member.vocabulary());
          }
        }
      }
    }

    private int addIfMissing(String token, Vocabulary from) {
      OptionalInt known = id(token);
      if (known.isPresent()) {
        return known.getAsInt();
      }
      int id = tokens.size();
      if (added.isEmpty()) {
        requireRoom(id, token);
      }
      if (id > Vocabulary.MAX_ID) {
        throw new UnsupportedFeatureException(
            "the output's vocabulary: expected at most "
                + Vocabulary.MAX_ID
                + " tokens, found more");
      }
      tokens.add(token);
      newIds.put(token, id);
      added.add(
          from.added(token)
              .map(properties -> properties.withId(id))
              .orElseGet(() -> AddedToken.ordinary(id, token)));
      return id;
    }

    /** A tokenizer numbers its added tokens itself: not as wanted if its own ids have gaps. */
    private void requireRoom(int id, String token) {
      if (vocabulary.nextId() != id) {
        throw new UnsupportedFeatureException(
            "%s: token \"%s\" is to be added as %d, but its ids have gaps, and tokenizers would number"
                    .formatted(vocabulary.source(), token, id)
                + " it "
                + vocabulary.nextId()
                + "; choose another model's tokenizer as the source");
      }
    }

    private OptionalInt id(String token) {
      Integer id = newIds.get(token);
      return id != null ? OptionalInt.of(id) : vocabulary.id(token);
    }

    void rule(String token, TokenRule rule) {
      int id = addIfMissing(token, propertiesOf(token));
      chosen.put(id, row(token, rule.source()));
      if (rule.force()) {
        forced.set(id);
      }
    }

    /** The first vocabulary that has a token among its added ones. */
    private Vocabulary propertiesOf(String token) {
      return members.stream()
          .map(Member::vocabulary)
          .filter(candidate -> candidate.added(token).isPresent())
          .findFirst()
          .orElse(vocabulary);
    }

    private ChosenRow row(String token, TokenSource source) {
      return switch (source) {
        case TokenSource.Zero _ -> new ChosenRow(NONE, NONE);
        case TokenSource.SameToken(String reference) -> tokenRow(token, reference, token);
        case TokenSource.OtherToken(String reference, String other) ->
            tokenRow(token, reference, other);
        case TokenSource.Row(String reference, int id) ->
            checkedRow(token, index(reference), id, "token_id " + id);
      };
    }

    private ChosenRow tokenRow(String token, String reference, String other) {
      int member = index(reference);
      OptionalInt id = members.get(member).vocabulary().id(other);
      if (id.isEmpty()) {
        throw new InvalidRecipeException(
            "recipe, tokenizer.tokens: token \"%s\": expected a token of %s, found \"%s\", which %s lacks"
                .formatted(token, reference, other, members.get(member).vocabulary().source()));
      }
      return checkedRow(token, member, id.getAsInt(), '"' + other + "\" with id " + id.getAsInt());
    }

    private ChosenRow checkedRow(String token, int member, int row, String what) {
      int rows = members.get(member).rows();
      if (row >= rows) {
        throw new InvalidRecipeException(
            "recipe, tokenizer.tokens: token \"%s\": expected a row of the embedding of %s, which has %d,"
                    .formatted(token, members.get(member).reference(), rows)
                + " found "
                + what);
      }
      return new ChosenRow(member, row);
    }

    private int index(String reference) {
      for (int i = 0; i < members.size(); i++) {
        if (members.get(i).reference().equals(reference)) {
          return i;
        }
      }
      throw new InvalidRecipeException(
          "recipe, tokenizer.tokens: expected one of the recipe's models, found \""
              + reference
              + '"');
    }

    VocabularyPlan build(@Nullable Integer multiple) {
      int kept = donor == NONE ? 0 : members.get(donor).rows();
      int rows =
          multiple == null
              ? Math.max(kept, tokens.size())
              : Math.multiplyExact(Math.ceilDiv(tokens.size(), multiple), multiple);
      int[][] own = new int[members.size()][];
      for (int i = 0; i < own.length; i++) {
        own[i] = ownRows(i, rows, Math.min(kept, rows));
      }
      return new VocabularyPlan(this, rows, own);
    }

    private int[] ownRows(int index, int rows, int kept) {
      Member member = members.get(index);
      Vocabulary theirs = member.vocabulary();
      int[] own = new int[rows];
      Arrays.fill(own, NONE);
      for (int row = 0; row < tokens.size(); row++) {
        String token = tokens.get(row);
        if (token != null) {
          int id = token.equals(theirs.token(row)) ? row : theirs.id(token).orElse(NONE);
          own[row] = id < member.rows() ? id : NONE;
        }
      }
      for (int row = 0; row < kept; row++) {
        boolean padding = row >= tokens.size() || tokens.get(row) == null;
        if (padding && theirs.token(row) == null && row < member.rows()) {
          own[row] = row;
        }
      }
      return own;
    }
  }
}
