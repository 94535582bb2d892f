package io.hfmerge.method;

import io.hfmerge.error.UnsupportedFeatureException;
import java.util.List;

/**
 * Takes from another model the values that stand out by importance, and the rest from the base.
 *
 * <pre>
 * r  = x where I >= median(I) + 1.5 (Q3(I) - Q1(I)), else b
 * I  = |x - b| KL(row)          KL(row) = sum P ln(P/Q) along the last dimension
 * P  = softmax(x) + 1e-8        Q = softmax(b) + 1e-8
 *
 * Shape:   inputs and result (any); a tensor of one dimension is one row. F32 tiles, softmax in
 *          F32 as torch's (TorchSoftmax), KL in F64, I rounded to F32. Quantile q is the element at floor(q (n - 1)) of the sorted
 *          importance, found exactly. A row whose two softmaxes differ by less than their rounding,
 *          some 1e-7, has a KL of either sign, and so has its importance.
 * Range:   rows of at most 2^23 elements. Rows of one element have I = 0, so that the other model's
 *          tensor is taken, as in mergekit.
 * NaN:     a NaN importance, from NaN or infinity in a row, is an error that names the tensor.
 * Same:    identical models come back bit for bit; every value is one of the two models' own.
 * Cost:    four passes, of which the first takes two exponentials and a logarithm per element; 8
 *          bytes per row are kept.
 * Source:  Arcee 2025 (see the description).
 * Departs: none.
 * mergekit: the same values for tensors of up to 1e6 elements where torch runs with AVX-512, but for
 *          those within its F32 rounding of KL of the threshold; with other instructions its softmax
 *          differs in the last bits, and with it the values near the threshold. There larger
 *          tensors are sampled without a seed, so that each run differs.
 * </pre>
 */
public final class ArceeFusionMethod implements MergeMethod {

  /** Interquartile ranges beyond the median at which a value stands out. */
  static final double RANGES = 1.5;

  /** For the report. */
  static final String LEVEL =
      "no importance stands out (threshold not above 0); nearly all values are the other model's";

  private static final MethodDescription DESCRIPTION =
      new MethodDescription(
              "arcee_fusion",
              "another model's values where they stand out by importance, else the base's",
              List.of(
                  Paper.page(
                      "Arcee 2025, Meet mergekit v0.1: Arcee Fusion",
                      "https://www.arcee.ai/blog/meet-mergekit-v0-1-arcee-fusion-expanded-model-"
                          + "support-multi-gpu-acceleration")),
              BaseModelUse.REQUIRED,
              1,
              1,
              List.of())
          .explained(
              """
              r = x where I >= median(I) + 1.5 (Q3(I) - Q1(I)), else b
              I = |x - b| sum_row P ln(P/Q)        P = softmax(x) + 1e-8, Q = softmax(b) + 1e-8
              """,
              "quantiles are exact; mergekit takes those of a random sample beyond 1e6 elements");

  @Override
  public MethodDescription description() {
    return DESCRIPTION;
  }

  @Override
  public TensorMerge prepare(TensorContext context) {
    int base = context.base();
    int other = context.nonBase()[0];
    List<Long> dimensions = context.output().shape().dimensions();
    long columns = dimensions.isEmpty() ? 1 : dimensions.getLast();
    long elements = context.output().elements();
    if (columns <= 1 || elements == 0) {
      return new CopyOfInput(other);
    }
    if (columns > TensorMerge.MAX_GRANULE_ELEMENTS || elements / columns > MOST_ROWS) {
      throw new UnsupportedFeatureException(
          "tensor \""
              + context.output().name()
              + "\": arcee_fusion takes up to "
              + MOST_ROWS
              + " rows of up to "
              + TensorMerge.MAX_GRANULE_ELEMENTS
              + " elements, found "
              + context.output().shape());
    }
    return new RowDivergencePass(
        other, base, (int) columns, divergences -> rank(context, columns, divergences));
  }

  /** 8 bytes of each are kept. */
  private static final int MOST_ROWS = 1 << 27;

  private static TensorMerge rank(TensorContext context, long columns, double[] divergences) {
    int base = context.base();
    int other = context.nonBase()[0];
    long last = context.output().elements() - 1;
    ElementScore importance = new RowImportance(other, base, columns, divergences);
    return RankedScores.pass(
        importance,
        last + 1,
        zeros ->
            new long[] {
              (long) Math.floor(0.5 * last),
              (long) Math.floor(0.25 * last),
              (long) Math.floor(0.75 * last)
            },
        found -> {
          double threshold =
              found[0].value() + RANGES * ((double) found[2].value() - found[1].value());
          return new ChosenKernel(importance, threshold, other, base)
              .withRemarks(threshold > 0 ? List.of() : List.of(LEVEL));
        },
        () -> InnerProductPass.notFinite(context, other, base));
  }

  /** The importance of elements from the divergence of their rows. */
  private static final class RowImportance implements ElementScore {

    private final int other;
    private final int base;
    private final long columns;
    private final double[] divergences;

    RowImportance(int other, int base, long columns, double[] divergences) {
      this.other = other;
      this.base = base;
      this.columns = columns;
      this.divergences = divergences;
    }

    @Override
    public void score(float[][] inputs, int offset, int length, long firstElement, float[] scores) {
      float[] x = inputs[other];
      float[] b = inputs[base];
      for (int done = 0; done < length; ) {
        long element = firstElement + done;
        int run = (int) Math.min(columns - element % columns, length - done);
        double divergence = divergences[(int) (element / columns)];
        for (int i = done; i < done + run; i++) {
          scores[i] = (float) (Math.abs((double) x[offset + i] - b[offset + i]) * divergence);
        }
        done += run;
      }
    }
  }

  /** The other model's value where its importance reaches the threshold, else the base's. */
  private record ChosenKernel(ElementScore importance, double threshold, int other, int base)
      implements TileKernel {

    private static final ThreadLocal<float[]> SCRATCH =
        ThreadLocal.withInitial(() -> new float[ElementScore.PIECE]);

    @Override
    public void merge(float[][] inputs, float[] out, int length, long firstElement) {
      float[] scores = SCRATCH.get();
      float[] x = inputs[other];
      float[] b = inputs[base];
      float least = atLeast(threshold);
      for (int done = 0; done < length; done += scores.length) {
        int piece = Math.min(scores.length, length - done);
        importance.score(inputs, done, piece, firstElement + done, scores);
        for (int i = 0; i < piece; i++) {
          out[done + i] = scores[i] >= least ? x[done + i] : b[done + i];
        }
      }
    }

    /** The smallest F32 number that is at least this. */
    private static float atLeast(double threshold) {
      float rounded = (float) threshold;
      return rounded < threshold ? Math.nextUp(rounded) : rounded;
    }
  }
}
