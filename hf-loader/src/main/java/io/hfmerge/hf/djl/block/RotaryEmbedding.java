package io.hfmerge.hf.djl.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;

/**
 * Rotary positions (Su et al. 2021, arXiv:2104.09864): pairs of components of a head turn by an
 * angle of position times frequency.
 *
 * <p>A rotation is {@code x · C + swap(x) · S}, where {@code swap} exchanges the components of each
 * pair, and C and S hold cosines and signed sines, 1 and 0 where nothing rotates. Angles are taken
 * in f32, as transformers takes them; cosines and sines in f64, rounded once.
 *
 * @param pairing which components make a pair
 * @param frequencies one for each pair, r / 2 of them
 * @param amplitude factor of cosines and sines
 * @param headWidth components of a head, r of which rotate
 */
public record RotaryEmbedding(
    Pairing pairing, Frequencies frequencies, double amplitude, int headWidth) {

  /** Which components make a pair. */
  public enum Pairing {
    /** Component i with i + r/2 (LLaMA, NeoX, Phi). */
    HALF_SPLIT,
    /** Component 2i with 2i + 1 (GPT-J). */
    INTERLEAVED
  }

  /** Angles per position, rounded to f32. */
  public static final class Frequencies {

    private final float[] values;

    private Frequencies(float[] values) {
      this.values = values;
    }

    int pairs() {
      return values.length;
    }
  }

  /** Tables for the tokens of one pass; {@code [.., T, 1, h]}, closed with their manager. */
  record Rotation(RotaryEmbedding rule, NDArray cosines, NDArray sines) {

    /** Rotates {@code [B, T, heads, h]}. */
    NDArray apply(NDArray x) {
      return ForwardPass.scoped(() -> x.mul(cosines).add(rule.swap(x).mul(sines)));
    }
  }

  /**
   * The usual frequencies {@code θ^(−2i/r)}, scaled.
   *
   * @param base θ
   * @param width r, even and at most the head's width
   */
  public static RotaryEmbedding of(
      Pairing pairing, double base, int width, RotaryScaling scaling, int headWidth) {
    if (width % 2 != 0 || width <= 0 || width > headWidth) {
      throw new IllegalArgumentException("rotary width " + width + " of a head of " + headWidth);
    }
    double[] plain = new double[width / 2];
    for (int i = 0; i < plain.length; i++) {
      plain[i] = Math.pow(base, -2.0 * i / width);
    }
    double[] scaled = scaling.apply(plain);
    float[] values = new float[scaled.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) scaled[i];
    }
    return new RotaryEmbedding(pairing, new Frequencies(values), scaling.amplitude(), headWidth);
  }

  /** The tables of positions 0 to {@code count − 1}: {@code [count, 2 h]}, cosines before sines. */
  NDArray table(NDManager manager, int count) {
    float[] values = new float[Math.multiplyExact(count, 2 * headWidth)];
    for (int position = 0; position < count; position++) {
      int cosine = position * 2 * headWidth;
      int sine = cosine + headWidth;
      Arrays.fill(values, cosine, sine, 1);
      for (int i = 0; i < frequencies.pairs(); i++) {
        float angle = position * frequencies.values[i];
        float cos = (float) (Math.cos(angle) * amplitude);
        float sin = (float) (Math.sin(angle) * amplitude);
        int first = pairing == Pairing.HALF_SPLIT ? i : 2 * i;
        int second = pairing == Pairing.HALF_SPLIT ? i + frequencies.pairs() : 2 * i + 1;
        values[cosine + first] = cos;
        values[cosine + second] = cos;
        values[sine + first] = -sin;
        values[sine + second] = sin;
      }
    }
    return manager.create(values, new Shape(count, 2L * headWidth));
  }

  /**
   * The rotation of tokens.
   *
   * @param rows their rows of {@link #table}, {@code [T, 2 h]} or {@code [B, T, 2 h]}
   * @param type of queries and keys
   */
  Rotation rotation(NDArray rows, DataType type) {
    NDList halves = rows.toType(type, false).split(2, last(rows));
    return new Rotation(this, halves.get(0).expandDims(-2), halves.get(1).expandDims(-2));
  }

  /** Exchanges the components of each pair; what does not rotate may be anything. */
  private NDArray swap(NDArray x) {
    int pairs = frequencies.pairs();
    if (pairing == Pairing.HALF_SPLIT) {
      NDList parts =
          2 * pairs == headWidth
              ? x.split(new long[] {pairs}, last(x))
              : x.split(new long[] {pairs, 2L * pairs}, last(x));
      NDList swapped = new NDList(parts.get(1), parts.get(0));
      if (parts.size() > 2) {
        swapped.add(parts.get(2));
      }
      return NDArrays.concat(swapped, last(x));
    }
    Shape shape = x.getShape();
    Shape paired = shape.slice(0, shape.dimension() - 1).add(headWidth / 2).add(2);
    return x.reshape(paired).flip(-1).reshape(shape);
  }

  private static int last(NDArray x) {
    return x.getShape().dimension() - 1;
  }
}
