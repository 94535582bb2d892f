package io.hfmerge.hf.arch;

import java.util.List;
import java.util.OptionalInt;

/**
 * A matrix of a model in canonical orientation {@code [out, in]}: blocks of stored rows stacked
 * from top to bottom. Q, K and V cut from a fused tensor and QKV stacked from three tensors are
 * both of this form.
 *
 * @param stack where the layer is when a model has several stacks ({@code encoder}, {@code
 *     decoder}, {@code decoder.cross} for T5), else empty
 * @param layer layer index from 0, or -1 outside the layers
 * @param role part in the layer
 * @param expert index of the expert in a mixture-of-experts layer, else empty
 * @param label tensor name for reports: the stored tensor, or the names joined by {@code +}
 * @param rows number of rows ({@code out})
 * @param columns number of columns ({@code in})
 * @param blocks the rows, top to bottom; their rows add up to {@code rows}
 */
public record WeightMatrix(
    String stack,
    int layer,
    Role role,
    OptionalInt expert,
    String label,
    long rows,
    long columns,
    List<MatrixBlock> blocks) {

  public WeightMatrix {
    blocks = List.copyOf(blocks);
  }
}
