package io.hfmerge.hf.vocab;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** The tokens of a model and their ids, as its tokenizer files have them. Immutable. */
public final class Vocabulary {

  /** Largest id accepted; the largest published vocabularies have about a million tokens. */
  static final int MAX_ID = (1 << 24) - 1;

  private final String source;
  private final Map<String, Integer> ids;
  private final Map<String, AddedToken> added;
  private final List<AddedToken> outside;
  private final List<String> notes;
  private final @Nullable String[] byId;
  private final int nextId;

  /**
   * @param source the file it was read from, for messages
   * @param ids id by token, handed over; each from 0 to {@link #MAX_ID}
   * @param added the added tokens among them, by content
   * @param outside the added tokens that only files beside the source name, by ascending id
   * @param nextId the id that a tokenizer gives to the next token added to it
   * @param notes what about the files is odd
   */
  Vocabulary(
      String source,
      Map<String, Integer> ids,
      Map<String, AddedToken> added,
      List<AddedToken> outside,
      int nextId,
      List<String> notes) {
    this.source = source;
    this.ids = ids;
    this.added = added;
    this.outside = List.copyOf(outside);
    this.nextId = nextId;
    this.notes = List.copyOf(notes);
    int largest = -1;
    for (int id : ids.values()) {
      largest = Math.max(largest, id);
    }
    @Nullable String[] tokens = new String[largest + 1];
    ids.forEach((token, id) -> tokens[id] = token);
    added.forEach((token, properties) -> tokens[properties.id()] = token);
    this.byId = tokens;
  }

  /** The file it was read from. */
  public String source() {
    return source;
  }

  /** The id of a token. */
  public OptionalInt id(String token) {
    Integer id = ids.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /** One more than the largest id. */
  public int size() {
    return byId.length;
  }

  /** The token of an id, of two the added one; {@code null} where there is none. */
  public @Nullable String token(int id) {
    return id >= 0 && id < byId.length ? byId[id] : null;
  }

  Optional<AddedToken> added(String token) {
    return Optional.ofNullable(added.get(token));
  }

  List<AddedToken> outside() {
    return outside;
  }

  int nextId() {
    return nextId;
  }

  List<String> notes() {
    return notes;
  }
}
