package io.hfmerge.analysis.metric;

import io.hfmerge.analysis.matrix.MatrixOpener;
import io.hfmerge.analysis.matrix.MatrixSource;
import io.hfmerge.analysis.matrix.NonFiniteMatrixException;
import io.hfmerge.analysis.matrix.Orientation;
import io.hfmerge.analysis.metric.BalanceMetrics.Identity;
import io.hfmerge.analysis.spectral.FactorPair;
import io.hfmerge.analysis.spectral.SpectralEngine;
import io.hfmerge.hf.arch.BalanceTraits;
import io.hfmerge.hf.arch.BalanceTraits.Rotary;
import io.hfmerge.hf.arch.WeightMatrix;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * Heads and balance of one attention layer, all from the k x k Gram matrices of its heads.
 *
 * <p>Balance: with weight decay λ on two factors whose product alone enters the loss, stationarity
 * gives AᵀA = BᵀB (arXiv:2410.23819, Lemma 3.1). What else the network lets through decides what is
 * left of it: a shared key head meets the sum over the query heads of its group (the gradients
 * add); a rotation between the factors commutes with scalings of its planes only, so that of the
 * equality just the sums of squared row norms of each rotated pair remain; normalised queries and
 * keys have no scale at all. Biases are left out: decay usually spares them. Exact for L2 decay;
 * decoupled decay with preconditioning (AdamW) satisfies none of these exactly.
 *
 * @param heads H query heads, QK before VP for each
 * @param balance QK first, then VP, key/value head by head
 */
public record AttentionMetrics(List<HeadMetrics> heads, List<BalanceMetrics> balance) {

  public AttentionMetrics {
    heads = List.copyOf(heads);
    balance = List.copyOf(balance);
  }

  /**
   * Measures a layer whose {@link AttentionLayer#obstacle()} is empty.
   *
   * @throws NonFiniteMatrixException if one of the four matrices is not finite
   * @throws IOException if bytes cannot be read
   */
  public static AttentionMetrics of(
      AttentionLayer layer, BalanceTraits traits, MatrixOpener matrices, SpectralEngine engine)
      throws IOException, NonFiniteMatrixException {
    Grams grams = Grams.of(layer, matrices, engine);
    int k = layer.keyWidth();
    int v = layer.valueWidth();
    List<HeadMetrics> heads = new ArrayList<>();
    for (int h = 0; h < layer.heads(); h++) {
      int g = h / layer.group();
      FactorPair keyQuery = new FactorPair(k, grams.keys().get(g), grams.queries().get(h));
      FactorPair outputValue = new FactorPair(v, grams.outputs().get(h), grams.values().get(g));
      heads.add(HeadMetrics.of(layer.stack(), layer.layer(), h, Product.QK, keyQuery));
      heads.add(HeadMetrics.of(layer.stack(), layer.layer(), h, Product.VP, outputValue));
    }
    return new AttentionMetrics(heads, balance(layer, traits, grams));
  }

  /**
   * The balance alone, which needs no spectra; as {@link #of}.
   *
   * @throws NonFiniteMatrixException if one of the four matrices is not finite
   * @throws IOException if bytes cannot be read
   */
  public static List<BalanceMetrics> balance(
      AttentionLayer layer, BalanceTraits traits, MatrixOpener matrices, SpectralEngine engine)
      throws IOException, NonFiniteMatrixException {
    return balance(layer, traits, Grams.of(layer, matrices, engine));
  }

  private static List<BalanceMetrics> balance(
      AttentionLayer layer, BalanceTraits traits, Grams grams) {
    List<BalanceMetrics> balance =
        new ArrayList<>(queryKey(layer, traits, grams.queries(), grams.keys()));
    Identity shared = layer.group() == 1 ? Identity.FULL : Identity.GQA_SUM;
    for (int g = 0; g < layer.kvHeads(); g++) {
      FactorPair pair =
          new FactorPair(
              layer.valueWidth(), grams.values().get(g), groupSum(layer, grams.outputs(), g));
      balance.add(entry(layer, g, Product.VP, shared, pair));
    }
    return balance;
  }

  /** The Gram matrices of all heads. */
  private record Grams(
      List<double[]> queries, List<double[]> keys, List<double[]> values, List<double[]> outputs) {

    static Grams of(AttentionLayer layer, MatrixOpener matrices, SpectralEngine engine)
        throws IOException, NonFiniteMatrixException {
      int k = layer.keyWidth();
      int v = layer.valueWidth();
      return new Grams(
          grams(matrices, layer.query(), Orientation.ROWS, layer.heads(), k, engine),
          grams(matrices, layer.key(), Orientation.ROWS, layer.kvHeads(), k, engine),
          grams(matrices, layer.value(), Orientation.ROWS, layer.kvHeads(), v, engine),
          grams(matrices, layer.output(), Orientation.COLUMNS, layer.heads(), v, engine));
    }
  }

  private static List<double[]> grams(
      MatrixOpener matrices,
      WeightMatrix matrix,
      Orientation orientation,
      int heads,
      int width,
      SpectralEngine engine)
      throws IOException, NonFiniteMatrixException {
    List<double[]> grams = new ArrayList<>(heads);
    try (MatrixSource source = matrices.open(matrix)) {
      for (int h = 0; h < heads; h++) {
        grams.add(engine.gram(source, orientation, h * width, width));
      }
    }
    return grams;
  }

  private static List<BalanceMetrics> queryKey(
      AttentionLayer layer, BalanceTraits traits, List<double[]> queries, List<double[]> keys) {
    if (traits.queryKeyNorm()) {
      return List.of(
          BalanceMetrics.none(
              layer.stack(),
              layer.layer(),
              OptionalInt.empty(),
              Product.QK,
              OptionalDouble.empty(),
              "queries and keys are normalised after the projection, which makes both scale-free"));
    }
    List<BalanceMetrics> entries = new ArrayList<>();
    Identity whole = layer.group() == 1 ? Identity.FULL : Identity.GQA_SUM;
    int k = layer.keyWidth();
    int rotated = traits.rotary() == Rotary.NONE ? 0 : Math.min(k, traits.rotaryWidth());
    for (int g = 0; g < layer.kvHeads(); g++) {
      double[] query = groupSum(layer, queries, g);
      double[] key = keys.get(g);
      if (rotated == 0) {
        entries.add(entry(layer, g, Product.QK, whole, new FactorPair(k, key, query)));
        continue;
      }
      double[] keyPairs = pairs(key, k, rotated, traits.rotary());
      double[] queryPairs = pairs(query, k, rotated, traits.rotary());
      entries.add(
          BalanceMetrics.ofHead(
              layer.stack(),
              layer.layer(),
              g,
              Product.QK,
              Identity.ROTARY_PAIRS,
              NeuronBalance.relativeGap(queryPairs, keyPairs),
              RowNorms.ofSquares(keyPairs, queryPairs).correlation()));
      if (rotated < k) {
        FactorPair rest =
            new FactorPair(k - rotated, trailing(key, k, rotated), trailing(query, k, rotated));
        entries.add(entry(layer, g, Product.QK, Identity.UNROTATED, rest));
      }
    }
    return entries;
  }

  private static BalanceMetrics entry(
      AttentionLayer layer, int kvHead, Product product, Identity identity, FactorPair pair) {
    return BalanceMetrics.ofHead(
        layer.stack(),
        layer.layer(),
        kvHead,
        product,
        identity,
        pair.relativeDifference(),
        RowNorms.ofSquares(pair.diagonalA(), pair.diagonalB()).correlation());
  }

  private static double[] groupSum(AttentionLayer layer, List<double[]> perHead, int kvHead) {
    double[] sum = perHead.get(kvHead * layer.group()).clone();
    for (int h = kvHead * layer.group() + 1; h < (kvHead + 1) * layer.group(); h++) {
      double[] other = perHead.get(h);
      for (int i = 0; i < sum.length; i++) {
        sum[i] += other[i];
      }
    }
    return sum;
  }

  /** Squared row norms, which are the diagonal, summed over each rotated pair. */
  private static double[] pairs(double[] gram, int k, int rotated, Rotary rotary) {
    int count = rotated / 2;
    double[] sums = new double[count];
    for (int i = 0; i < count; i++) {
      int first = rotary == Rotary.INTERLEAVED ? 2 * i : i;
      int second = rotary == Rotary.INTERLEAVED ? 2 * i + 1 : i + count;
      sums[i] = gram[first * k + first] + gram[second * k + second];
    }
    return sums;
  }

  private static double[] trailing(double[] gram, int k, int from) {
    int width = k - from;
    double[] part = new double[width * width];
    for (int i = 0; i < width; i++) {
      System.arraycopy(gram, (from + i) * k + from, part, i * width, width);
    }
    return part;
  }
}
