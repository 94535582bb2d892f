package io.hfmerge.hf.json;

import java.util.List;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;

/**
 * Changes single values of a JSON object's text and leaves every other character as it is. The text
 * must be one JSON object; of equal keys the first is changed.
 */
public final class JsonEdit {

  private static final JsonFactory JSON =
      JsonFactory.builder()
          // Python writes NaN and Infinity, and published configs contain them
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          // vocabularies have more names than a table of them is good for
          .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
          .build();

  private static final String INDENT = "  ";

  /**
   * A place in the text.
   *
   * @param start first character of the value; where the path ends early, where to insert
   * @param end character after the value
   * @param missing keys of the path that are not there
   * @param firstInObject whether the object that lacks the key is empty
   */
  private record Place(int start, int end, List<String> missing, boolean firstInObject) {}

  private JsonEdit() {}

  /**
   * Replaces a value, or adds it as the last one of its object.
   *
   * @param text a JSON object
   * @param path keys from the outermost object on; all but the last must be there
   * @param value JSON text of the value
   * @throws IllegalArgumentException if the path leads through something else than objects
   */
  public static String set(String text, List<String> path, String value) {
    Place place = find(text, path);
    if (place.missing().isEmpty()) {
      return text.substring(0, place.start()) + value + text.substring(place.end());
    }
    if (place.missing().size() > 1) {
      throw new IllegalArgumentException("no object " + path + " in the JSON text");
    }
    String key = PythonJson.string(path.getLast()) + ": ";
    return insert(
        text, place.start(), place.firstInObject(), INDENT.repeat(path.size()) + key + value);
  }

  /**
   * Adds elements to a list, or keys and values to an object, after the last one.
   *
   * @param text a JSON object
   * @param path keys of the list or object, which must be there
   * @param items JSON texts, for an object each with its key
   * @throws IllegalArgumentException if there is no list or object at the path
   */
  public static String append(String text, List<String> path, List<String> items) {
    if (items.isEmpty()) {
      return text;
    }
    Place place = find(text, path);
    if (!place.missing().isEmpty() || "[{".indexOf(text.charAt(place.start())) < 0) {
      throw new IllegalArgumentException("no list or object " + path + " in the JSON text");
    }
    int last = place.end() - 1;
    while (Character.isWhitespace(text.charAt(last - 1))) {
      last--;
    }
    boolean empty = last - 1 == place.start();
    String indent = INDENT.repeat(path.size() + 1);
    return insert(text, last, empty, indent + String.join(",\n" + indent, items));
  }

  /** Whether a JSON object has a key. */
  public static boolean contains(String text, String key) {
    return find(text, List.of(key)).missing().isEmpty();
  }

  private static String insert(String text, int at, boolean first, String addition) {
    StringBuilder edited = new StringBuilder(text.length() + addition.length() + 16);
    edited.append(text, 0, at).append(first ? "\n" : ",\n").append(addition);
    if (first) {
      edited.append('\n');
    }
    return edited.append(text, at, text.length()).toString();
  }

  private static Place find(String text, List<String> path) {
    // one buffer, so that offsets are those of the text
    char[] characters = text.toCharArray();
    try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), characters)) {
      JsonToken token = json.nextToken();
      int start = offset(json.currentTokenLocation());
      for (int depth = 0; depth < path.size(); depth++) {
        if (token != JsonToken.START_OBJECT) {
          throw new IllegalArgumentException(
              "no object around " + path.subList(depth, path.size()));
        }
        int lastEnd = offset(json.currentLocation());
        boolean empty = true;
        boolean found = false;
        while (!found && json.nextToken() != JsonToken.END_OBJECT) {
          found = json.currentName().equals(path.get(depth));
          token = json.nextToken();
          start = offset(json.currentTokenLocation());
          if (!found) {
            json.skipChildren();
            json.finishToken();
            lastEnd = offset(json.currentLocation());
            empty = false;
          }
        }
        if (!found) {
          return new Place(lastEnd, lastEnd, path.subList(depth, path.size()), empty);
        }
      }
      json.skipChildren();
      json.finishToken();
      return new Place(start, offset(json.currentLocation()), List.of(), false);
    }
  }

  private static int offset(TokenStreamLocation location) {
    return Math.toIntExact(location.getCharOffset());
  }
}
