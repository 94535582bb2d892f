package io.hfmerge.method;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Finds the magnitude of the so many-th largest entry of each model's differences to the base, over
 * all tensors, by counting: first the upper 16 bits of all magnitudes, then the lower 16 of those
 * in the bin that holds the rank.
 *
 * @param wanted what is looked for
 * @param takesPart whether a tensor counts
 * @param then makes the method that knows the cuts, by model
 */
record MagnitudeSurvey(
    List<Wanted> wanted,
    Function<TensorContext, Boolean> takesPart,
    Function<Map<String, Cut>, MergeMethod> then)
    implements Survey<long[][]> {

  private static final int ALL_BINS = -1;
  private static final int LOWER_BITS = 16;
  private static final int BINS = 1 << LOWER_BITS;

  /**
   * One model's rank.
   *
   * @param model its reference
   * @param rank how many entries are wanted, less those above the bin; at least 1
   * @param bin upper bits of the magnitudes that are counted by their lower bits, or all
   */
  record Wanted(String model, long rank, int bin) {

    Wanted(String model, long rank) {
      this(model, rank, ALL_BINS);
    }
  }

  MagnitudeSurvey {
    wanted = List.copyOf(wanted);
  }

  /** Counts per model and bin. */
  @Override
  public long[][] newPartial() {
    return new long[wanted.size()][BINS];
  }

  @Override
  public boolean wants(TensorContext context) {
    return takesPart.apply(context)
        && wanted.stream().anyMatch(each -> context.models().contains(each.model()));
  }

  @Override
  public void accept(long[][] partial, TensorContext context, float[][] inputs, int length) {
    DeltaScratch scratch = DeltaScratch.ofThread();
    scratch.reserve(1, RankSearch.PIECE);
    float[] base = inputs[context.base()];
    for (int i = 0; i < wanted.size(); i++) {
      int model = context.models().indexOf(wanted.get(i).model());
      if (model < 0) {
        continue;
      }
      for (int start = 0; start < length; start += RankSearch.PIECE) {
        int piece = Math.min(RankSearch.PIECE, length - start);
        int[] magnitudes = scratch.distances(inputs[model], base, start, piece);
        count(magnitudes, piece, wanted.get(i).bin(), partial[i]);
      }
    }
  }

  private static void count(int[] magnitudes, int length, int bin, long[] counts) {
    for (int i = 0; i < length; i++) {
      int upper = magnitudes[i] >>> LOWER_BITS;
      if (bin == ALL_BINS) {
        counts[upper]++;
      } else if (upper == bin) {
        counts[magnitudes[i] & (BINS - 1)]++;
      }
    }
  }

  @Override
  public long[][] fold(long[][] into, long[][] from) {
    for (int i = 0; i < into.length; i++) {
      for (int bin = 0; bin < BINS; bin++) {
        into[i][bin] += from[i][bin];
      }
    }
    return into;
  }

  @Override
  public SurveyOutcome next(long[][] all) {
    List<Wanted> following = new ArrayList<>();
    Map<String, Cut> cuts = new HashMap<>();
    for (int i = 0; i < all.length; i++) {
      Wanted each = wanted.get(i);
      long left = each.rank();
      int at = BINS - 1;
      while (at > 0 && all[i][at] < left) {
        left -= all[i][at--];
      }
      if (each.bin() == ALL_BINS) {
        following.add(new Wanted(each.model(), left, at));
      } else {
        int threshold = each.bin() << LOWER_BITS | at;
        cuts.put(each.model(), threshold == 0 ? Cut.ALL : new Cut(threshold, Long.MAX_VALUE));
      }
    }
    return following.isEmpty()
        ? new Known(then.apply(cuts))
        : new MagnitudeSurvey(following, takesPart, then);
  }

  @Override
  public long partialBytes() {
    return (long) Long.BYTES * BINS * wanted.size();
  }

  @Override
  public int passes() {
    return wanted.getFirst().bin() == ALL_BINS ? 2 : 1;
  }
}
