package io.hfmerge.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a merge did.
 *
 * @param notes the plan's notes
 * @param tensorsMerged number of tensors that the method computed
 * @param tensorsCopied number of tensors carried over
 * @param conversions tensors whose dtype changed on the way, by pair of dtypes
 * @param nonFinite tensors in which NaN or infinities were written
 * @param remarks what the method found out about tensors from their values
 * @param bytesRead bytes of weights taken from the inputs, each pass counted
 * @param bytesWritten bytes of weights handed to the writer
 * @param elapsedNanos time from first to last byte
 * @param readNanos of it, summed over the workers: reading the inputs
 * @param writeNanos of it, summed over the workers: handing bytes to the writer
 * @param computeNanos of it, summed over the workers: decoding, merging and encoding
 */
public record MergeReport(
    List<String> notes,
    long tensorsMerged,
    long tensorsCopied,
    List<Conversion> conversions,
    List<NonFinite> nonFinite,
    List<MergeRemark> remarks,
    long bytesRead,
    long bytesWritten,
    long elapsedNanos,
    long readNanos,
    long writeNanos,
    long computeNanos) {

  /**
   * Output tensors whose dtype is not that of a source.
   *
   * @param from dtype of a source
   * @param to dtype of the output
   * @param tensors number of output tensors that have a source of dtype {@code from}
   * @param widened whether every value of {@code from} exists in {@code to}, so that nothing is
   *     rounded but results
   */
  public record Conversion(String from, String to, long tensors, boolean widened) {

    /** As in {@code 290 tensors widened from BF16 to F32}. */
    public String describe() {
      return tensors
          + (tensors == 1 ? " tensor " : " tensors ")
          + (widened ? "widened" : "narrowed")
          + " from "
          + from
          + " to "
          + to;
    }
  }

  /**
   * A tensor with values that are no finite numbers.
   *
   * @param tensor name in the output
   * @param dtype name of its dtype in the output
   * @param elements number of NaN and infinities written
   * @param produced of them, those where every input was finite, in F64 too if it is stored so
   * @param overflowed of these, those that the method computed as finite numbers, too large for the
   *     output's dtype
   */
  public record NonFinite(
      String tensor, String dtype, long elements, long produced, long overflowed) {

    /**
     * As in {@code lm_head.weight: 3 values are NaN or infinite, 2 of them from finite inputs (1
     * too large for F16)}.
     */
    public String describe() {
      return tensor
          + ": "
          + elements
          + (elements == 1 ? " value is" : " values are")
          + " NaN or infinite, "
          + produced
          + " of them from finite inputs"
          + (overflowed == 0 ? "" : " (" + overflowed + " too large for " + dtype + ")");
    }

    /** Both counts of one tensor together. */
    NonFinite plus(NonFinite other) {
      return new NonFinite(
          tensor,
          dtype,
          elements + other.elements,
          produced + other.produced,
          overflowed + other.overflowed);
    }
  }

  public MergeReport {
    notes = List.copyOf(notes);
    conversions = List.copyOf(conversions);
    nonFinite = List.copyOf(nonFinite);
    remarks = List.copyOf(remarks);
  }

  /**
   * Everything a user should read, a line each: totals, conversions, non-finite values, remarks,
   * notes.
   */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    double seconds = elapsedNanos / 1e9;
    lines.add(
        String.format(
            Locale.ROOT,
            "%d tensors merged, %d copied; %,d bytes read, %,d written in %.2f s",
            tensorsMerged,
            tensorsCopied,
            bytesRead,
            bytesWritten,
            seconds));
    conversions.forEach(conversion -> lines.add(conversion.describe()));
    nonFinite.forEach(tensor -> lines.add(tensor.describe()));
    remarks.forEach(remark -> lines.add(remark.describe()));
    lines.addAll(notes);
    return lines;
  }
}
