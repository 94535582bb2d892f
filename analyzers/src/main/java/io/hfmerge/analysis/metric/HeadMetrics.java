package io.hfmerge.analysis.metric;

import io.hfmerge.analysis.spectral.FactorPair;
import java.util.List;
import java.util.OptionalDouble;

/**
 * What is measured of one product A Bᵀ of a query head (arXiv:2410.23819).
 *
 * @param stack the stack of layers, empty where there is one
 * @param layer layer from 0
 * @param head query head from 0; its keys and values are those of head ⌊head/(H/G)⌋
 * @param product which product
 * @param discrepancy ‖AᵀA − BᵀB‖_F
 * @param relativeDiscrepancy that over ½(‖AᵀA‖_F + ‖BᵀB‖_F), from 0 to 2; 0 where A = B = 0
 * @param nuclear ‖ABᵀ‖_*
 * @param halfFrobeniusSquared ½(‖A‖_F² + ‖B‖_F²)
 * @param tightness {@code nuclear/halfFrobeniusSquared}, at most 1, and 1 exactly where A and B are
 *     balanced, as A = B = 0 are
 * @param pseudoRank of ABᵀ, relative to the head width
 * @param bound √‖AᵀA−BᵀB‖_* · (‖A‖_*+‖B‖_*)/2, the right-hand side of Proposition A.4
 * @param boundA5 the right-hand side of Proposition A.5 for two factors; empty where its condition,
 *     that they are nearly balanced, does not hold
 * @param rowNorms row norms of W_K and W_Q, or column norms of the head's part of W_O and row norms
 *     of W_V: A's and B's columns
 */
public record HeadMetrics(
    String stack,
    int layer,
    int head,
    Product product,
    double discrepancy,
    double relativeDiscrepancy,
    double nuclear,
    double halfFrobeniusSquared,
    double tightness,
    double pseudoRank,
    double bound,
    OptionalDouble boundA5,
    RowNorms rowNorms) {

  /**
   * Computes all of it from the Gram matrices of the factors.
   *
   * @param pair AᵀA and BᵀB, k x k
   */
  public static HeadMetrics of(
      String stack, int layer, int head, Product product, FactorPair pair) {
    double discrepancy = pair.differenceFrobenius();
    double scale = (pair.gramFrobeniusA() + pair.gramFrobeniusB()) / 2;
    List<Double> singular = pair.productSingularValues();
    double nuclear = singular.stream().mapToDouble(Double::doubleValue).sum();
    double imbalance = pair.differenceNuclear();
    double nuclearA = pair.nuclearA();
    double nuclearB = pair.nuclearB();
    double half = (pair.traceA() + pair.traceB()) / 2;
    return new HeadMetrics(
        stack,
        layer,
        head,
        product,
        discrepancy,
        scale > 0 ? discrepancy / scale : 0,
        nuclear,
        half,
        half > 0 ? nuclear / half : 1,
        SpectrumMetrics.pseudoRank(singular, Math.max(1, pair.width())),
        BalanceBounds.ofPair(imbalance, nuclearA, nuclearB),
        BalanceBounds.ofChain(pair.width(), new double[] {nuclearA, nuclearB}, imbalance),
        RowNorms.ofSquares(pair.diagonalA(), pair.diagonalB()));
  }
}
