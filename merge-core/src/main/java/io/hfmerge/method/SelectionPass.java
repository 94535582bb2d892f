package io.hfmerge.method;

import io.hfmerge.method.SearchOutcome.Found;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Finds the largest entries of differences to the base, for several models and numbers of entries
 * in the same passes. Exact: the same cut as sorting all magnitudes, descending, equal ones in
 * row-major order, would give.
 *
 * <p>Short tensors are collected and sorted. Of longer ones a sample, 3 % of what is stored, tells
 * within which narrow bracket of magnitudes the wanted rank lies but for one case in many
 * thousands; one full pass counts what is above and collects what is within ({@link CollectSearch})
 * or, where many magnitudes are equal, as those of 16-bit dtypes are, counts these ({@link
 * PointSearch}). If the sample misled, two levels of histograms ({@link HistogramSearch}) find the
 * rank whatever the values.
 *
 * @param base index of the base among the inputs
 * @param wanted what is looked for
 * @param outcomes one for each of {@code wanted}: how far it is
 * @param elements length of the tensor
 * @param then makes the next step of the cuts, in the order of {@code wanted}
 */
record SelectionPass(
    int base,
    List<Wanted> wanted,
    List<SearchOutcome> outcomes,
    long elements,
    Function<List<Cut>, TensorMerge> then)
    implements StatisticsPass<List<RankSearch.Partial>> {

  /**
   * The largest entries of a model's difference.
   *
   * @param model index among the inputs
   * @param rank how many, at least 0
   */
  record Wanted(int model, long rank) {}

  SelectionPass {
    wanted = List.copyOf(wanted);
    outcomes = List.copyOf(outcomes);
  }

  /** The first step of a merge that needs these cuts. */
  static TensorMerge find(
      int base, List<Wanted> wanted, long elements, Function<List<Cut>, TensorMerge> then) {
    List<SearchOutcome> outcomes = new ArrayList<>();
    for (Wanted each : wanted) {
      outcomes.add(begin(each.rank(), elements));
    }
    return step(base, wanted, outcomes, elements, then);
  }

  private static SearchOutcome begin(long rank, long elements) {
    if (rank <= 0) {
      return new Found(Cut.NONE);
    }
    if (rank >= elements) {
      return new Found(Cut.ALL);
    }
    return elements <= CollectSearch.ALWAYS_COLLECTED
        ? CollectSearch.ofAll(rank, elements)
        : new SampleSearch(rank, elements);
  }

  private static TensorMerge step(
      int base,
      List<Wanted> wanted,
      List<SearchOutcome> outcomes,
      long elements,
      Function<List<Cut>, TensorMerge> then) {
    List<Cut> cuts = new ArrayList<>();
    for (SearchOutcome outcome : outcomes) {
      if (!(outcome instanceof Found(Cut cut))) {
        return new SelectionPass(base, wanted, outcomes, elements, then);
      }
      cuts.add(cut);
    }
    return then.apply(cuts);
  }

  /** One for each search that is not at its end, in order. */
  @Override
  public List<RankSearch.Partial> newPartial() {
    List<RankSearch.Partial> partials = new ArrayList<>();
    for (SearchOutcome outcome : outcomes) {
      if (outcome instanceof RankSearch search) {
        partials.add(search.newPartial());
      }
    }
    return partials;
  }

  @Override
  public void accept(
      List<RankSearch.Partial> partial, float[][] inputs, int length, long firstElement) {
    for (int start = 0; start < length; start += RankSearch.PIECE) {
      int piece = Math.min(RankSearch.PIECE, length - start);
      acceptPiece(partial, inputs, start, piece, firstElement + start);
    }
  }

  private void acceptPiece(
      List<RankSearch.Partial> partial,
      float[][] inputs,
      int start,
      int length,
      long firstElement) {
    DeltaScratch scratch = DeltaScratch.ofThread();
    scratch.reserve(1, RankSearch.PIECE);
    int present = -1;
    int[] magnitudes = scratch.bits(0);
    int next = 0;
    for (int i = 0; i < outcomes.size(); i++) {
      if (outcomes.get(i) instanceof RankSearch) {
        int model = wanted.get(i).model();
        if (model != present) {
          magnitudes = scratch.distances(inputs[model], inputs[base], start, length);
          present = model;
        }
        partial.get(next++).accept(magnitudes, length, firstElement);
      }
    }
  }

  @Override
  public List<RankSearch.Partial> fold(
      List<RankSearch.Partial> before, List<RankSearch.Partial> next) {
    for (int i = 0; i < before.size(); i++) {
      before.get(i).fold(next.get(i));
    }
    return before;
  }

  @Override
  public TensorMerge next(List<RankSearch.Partial> all) {
    List<SearchOutcome> following = new ArrayList<>();
    int next = 0;
    for (SearchOutcome outcome : outcomes) {
      following.add(outcome instanceof RankSearch ? all.get(next++).next() : outcome);
    }
    return step(base, wanted, following, elements, then);
  }

  /** Of each search the largest partial result there is: a histogram, or the entries collected. */
  @Override
  public long partialBytes() {
    return (long) wanted.size() * RankSearch.MAX_PARTIAL_BYTES;
  }

  @Override
  public long segmentElements() {
    long longest = RankSearch.PIECE;
    for (SearchOutcome outcome : outcomes) {
      if (outcome instanceof RankSearch search) {
        longest = Math.max(longest, search.segmentElements());
      }
    }
    return longest;
  }

  @Override
  public long firstWanted(long element) {
    long first = Long.MAX_VALUE;
    for (SearchOutcome outcome : outcomes) {
      if (outcome instanceof RankSearch search) {
        first = Math.min(first, search.firstWanted(element));
      }
    }
    return first;
  }

  @Override
  public long scratchBytes(int tileElements) {
    return DeltaScratch.bytes(1, RankSearch.PIECE, false);
  }

  @Override
  public int granuleElements() {
    return RankSearch.PIECE;
  }
}
