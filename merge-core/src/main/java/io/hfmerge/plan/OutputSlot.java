package io.hfmerge.plan;

import io.hfmerge.plan.TensorNaming.LayerPosition;
import io.hfmerge.tensor.TensorSpec;
import java.util.Optional;

/**
 * A tensor of the output before it is known what it is made of.
 *
 * @param name in the output
 * @param owner checkpoint that has it as it should be; lends dtype and shape
 * @param tensor the owner's
 * @param canonical its canonical name there
 * @param layer where it stands among the layers of its group, for gradients; empty outside
 * @param offset number of its layer within the slice, or {@link #BY_NAME}
 * @param group what it is merged from
 */
record OutputSlot(
    String name,
    CanonicalIndex owner,
    TensorSpec tensor,
    String canonical,
    Optional<LayerPosition> layer,
    int offset,
    SourceGroup group) {

  /** The tensor has the same canonical name in all members. */
  static final int BY_NAME = -1;

  /** Its canonical name in a member of the group. */
  String canonicalIn(SourceGroup.Member member) {
    return offset == BY_NAME
        ? canonical
        : member.index().naming().inLayer(canonical, member.firstLayer() + offset);
  }

  /**
   * Place in the stack of layers, 0 to 1; 0 outside the layers, those behind them included, and 1
   * for the only layer.
   */
  double position() {
    return layer
        .map(place -> place.count() == 1 ? 1.0 : place.index() / (place.count() - 1.0))
        .orElse(0.0);
  }
}
