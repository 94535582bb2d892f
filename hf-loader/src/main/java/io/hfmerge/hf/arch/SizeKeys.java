package io.hfmerge.hf.arch;

import java.util.List;

/**
 * Config keys of a family's sizes: part of the vocabulary of {@link Architecture}. Of several keys
 * the first present one counts.
 *
 * @param hidden residual width d
 * @param heads attention heads H
 * @param kvHeads key/value heads G; without keys, or where they are absent, G = H
 * @param headWidth width of a head; without keys, or where they are absent, d / H
 * @param mlpWidth MLP width f
 * @param mlpFactor f / d where the keys of f are absent; 0 if they must be there
 */
public record SizeKeys(
    List<String> hidden,
    List<String> heads,
    List<String> kvHeads,
    List<String> headWidth,
    List<String> mlpWidth,
    int mlpFactor) {

  /** The spelling of most families. */
  public static final SizeKeys STANDARD =
      new SizeKeys(
          List.of("hidden_size"),
          List.of("num_attention_heads"),
          List.of("num_key_value_heads"),
          List.of("head_dim"),
          List.of("intermediate_size"),
          0);

  public SizeKeys {
    hidden = List.copyOf(hidden);
    heads = List.copyOf(heads);
    kvHeads = List.copyOf(kvHeads);
    headWidth = List.copyOf(headWidth);
    mlpWidth = List.copyOf(mlpWidth);
    if (hidden.isEmpty() || heads.isEmpty() || mlpWidth.isEmpty() || mlpFactor < 0) {
      throw new IllegalArgumentException("config keys of hidden, heads and MLP width are needed");
    }
  }

  /** Keys of a family with as many key/value heads as heads, each of width d / H. */
  public static SizeKeys of(String hidden, String heads, String mlpWidth) {
    return new SizeKeys(
        List.of(hidden), List.of(heads), List.of(), List.of(), List.of(mlpWidth), 0);
  }

  /** The same, with f = {@code factor} d where its key is absent. */
  public SizeKeys mlpFactor(int factor) {
    return new SizeKeys(hidden, heads, kvHeads, headWidth, mlpWidth, factor);
  }

  /** The same, with this key for the width of a head. */
  public SizeKeys headWidth(String key) {
    return new SizeKeys(hidden, heads, kvHeads, List.of(key), mlpWidth, mlpFactor);
  }
}
