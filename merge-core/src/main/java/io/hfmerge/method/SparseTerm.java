package io.hfmerge.method;

import java.util.List;

/**
 * One model's part in a sum of thinned-out task vectors.
 *
 * @param model index among the inputs
 * @param sparsifier which entries stay
 * @param weight factor of the task vector
 * @param factor of the entries that stay, for rescaling
 */
record SparseTerm(int model, Sparsifier sparsifier, double weight, double factor) {

  /** Heap that a thread takes for several terms, tables that threads share included. */
  static long scratchBytes(List<SparseTerm> terms, int tileElements) {
    boolean factors = terms.stream().anyMatch(term -> term.sparsifier().hasFactors());
    long tables = terms.stream().mapToLong(term -> term.sparsifier().tableBytes()).sum();
    return tables + DeltaScratch.bytes(terms.size(), tileElements, factors);
  }

  /** What a tile must hold whole multiples of for all of several terms. */
  static int granuleElements(Iterable<SparseTerm> terms) {
    int granule = 1;
    for (SparseTerm term : terms) {
      // rows of one tensor are equally long: each granule is that or 1
      granule = Math.max(granule, term.sparsifier().granuleElements());
    }
    return granule;
  }
}
