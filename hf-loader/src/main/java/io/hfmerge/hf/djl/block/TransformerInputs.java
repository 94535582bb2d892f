package io.hfmerge.hf.djl.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What goes into a transformer.
 *
 * @param content token ids {@code [B, T]}, or pixel values {@code [B, C, S, S]}
 * @param mask {@code [B, T]}, 1 for tokens and 0 for padding, with a cache {@code [B, all tokens]};
 *     null without padding
 * @param types token types {@code [B, T]}, or null for type 0
 * @param positions {@code [B, T]}, or null for the model's rule
 */
public record TransformerInputs(
    NDArray content, @Nullable NDArray mask, @Nullable NDArray types, @Nullable NDArray positions) {

  /** Name of token ids. */
  public static final String IDS = "input_ids";

  /** Name of the mask of padding. */
  public static final String MASK = "attention_mask";

  /** Name of token types. */
  public static final String TYPES = "token_type_ids";

  /** Name of positions. */
  public static final String POSITIONS = "position_ids";

  /** Name of images. */
  public static final String PIXELS = "pixel_values";

  private static final List<String> TEXT = List.of(IDS, MASK, TYPES, POSITIONS);

  /** Token ids alone. */
  public static TransformerInputs of(NDArray content) {
    return new TransformerInputs(content, null, null, null);
  }

  /** With the mask of padding. */
  public static TransformerInputs of(NDArray ids, NDArray mask) {
    return new TransformerInputs(ids, mask, null, null);
  }

  /**
   * From arrays with transformers' names; of arrays without names the first is the content, then
   * mask, types and positions.
   *
   * @throws InvalidInputException if a name is none of these, or there is no content
   */
  public static TransformerInputs of(NDList list) {
    @Nullable NDArray[] found = new NDArray[TEXT.size()];
    for (int i = 0; i < list.size(); i++) {
      NDArray array = list.get(i);
      String name = array.getName();
      int place = name == null || name.isEmpty() ? i : place(name);
      if (place < 0 || place >= found.length) {
        throw new InvalidInputException(
            "input \"%s\": expected %s or %s".formatted(name, String.join(", ", TEXT), PIXELS));
      }
      found[place] = array;
    }
    NDArray content = found[0];
    if (content == null) {
      throw new InvalidInputException("expected " + IDS + " or " + PIXELS + ", found neither");
    }
    return new TransformerInputs(content, found[1], found[2], found[3]);
  }

  private static int place(String name) {
    return name.equals(PIXELS) ? 0 : TEXT.indexOf(name);
  }

  /** The mask as F32, or null where it hides nothing. */
  @Nullable NDArray hiding() {
    if (mask == null || mask.size() == 0) {
      return null;
    }
    NDArray visible = mask.toType(DataType.FLOAT32, false);
    float least = visible.min().getFloat();
    float most = visible.max().getFloat();
    if (least < 0 || most > 1) {
      throw new InvalidInputException(
          "%s: expected 0 and 1, found %s".formatted(MASK, least < 0 ? least : most));
    }
    return least == 1 ? null : visible;
  }
}
