package io.hfmerge.hf.vocab;

import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.hf.vocab.VocabularyPlan.ChosenRow;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorSpec;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the rows of one weight come from that a model lacks: from the recipe's choice, else the
 * base's row, else the row of the only model that has it, else the mean over those that have it,
 * else zeros. The same for all models.
 */
final class RowSources {

  /** Zeros. */
  static final int ZERO = -1;

  /** The mean over the models that have the row. */
  static final int MEAN = -2;

  /** The mean over a model's rows that have a token. */
  static final int PADDING = -3;

  /**
   * A model's tensor of this weight.
   *
   * @param checkpoint holds it
   * @param tensor of rank 1 or more, one row per token
   */
  record Part(Checkpoint checkpoint, TensorSpec tensor) {

    int rows() {
      return (int) Math.min(Integer.MAX_VALUE, tensor.shape().dimension(0));
    }
  }

  private final String name;
  private final VocabularyPlan plan;
  private final @Nullable Part[] parts;
  private final int[] member;
  private final int[] row;

  /**
   * @param name of the weight, for messages
   * @param parts by index of the member; {@code null} for models without this weight
   * @throws IncompatibleCheckpointsException if the recipe takes a row from a model whose weight
   *     does not have it
   */
  RowSources(String name, VocabularyPlan plan, List<@Nullable Part> parts) {
    this.name = name;
    this.plan = plan;
    this.parts = parts.toArray(Part[]::new);
    this.member = new int[plan.rows()];
    this.row = new int[plan.rows()];
    for (int i = 0; i < member.length; i++) {
      choose(i);
    }
  }

  private void choose(int output) {
    ChosenRow chosen = plan.chosen().get(output);
    if (chosen != null) {
      member[output] = chosen.member() == VocabularyPlan.NONE ? ZERO : chosen.member();
      row[output] = chosen.row();
      if (chosen.member() != VocabularyPlan.NONE) {
        checkChosen(output, chosen);
      }
    } else if (plan.isNewPadding(output)) {
      member[output] = PADDING;
    } else {
      boolean padding = plan.token(output) == null;
      int preferred = padding ? plan.donor() : plan.base();
      if (own(preferred, output) != VocabularyPlan.NONE) {
        member[output] = preferred;
        row[output] = own(preferred, output);
      } else {
        chooseOwner(output);
      }
    }
  }

  private void checkChosen(int output, ChosenRow chosen) {
    Part part = parts[chosen.member()];
    if (part == null || chosen.row() >= part.rows()) {
      throw new IncompatibleCheckpointsException(
          "%s: token \"%s\" is to have its row %d of \"%s\", found %s"
              .formatted(
                  plan.members().get(chosen.member()).reference(),
                  plan.token(output),
                  chosen.row(),
                  name,
                  part == null ? "no such tensor" : part.tensor().describe()));
    }
  }

  private void chooseOwner(int output) {
    member[output] = ZERO;
    for (int i = 0; i < parts.length; i++) {
      int owned = own(i, output);
      if (owned != VocabularyPlan.NONE) {
        if (member[output] != ZERO) {
          member[output] = MEAN;
          return;
        }
        member[output] = i;
        row[output] = owned;
      }
    }
  }

  VocabularyPlan plan() {
    return plan;
  }

  int members() {
    return parts.length;
  }

  @Nullable Part part(int index) {
    return parts[index];
  }

  /** A member's own row for an output row, or {@link VocabularyPlan#NONE}. */
  int own(int index, int output) {
    Part part = parts[index];
    if (part == null) {
      return VocabularyPlan.NONE;
    }
    int owned = plan.own(index)[output];
    return owned < part.rows() ? owned : VocabularyPlan.NONE;
  }

  /** Index of the member that lends a row to those that lack it, or one of the constants. */
  int lender(int output) {
    return member[output];
  }

  /** The lender's row. */
  int lentRow(int output) {
    return row[output];
  }

  /** Whether a member's row is not its own. */
  boolean isLent(int index, int output) {
    return plan.isForced(output) || own(index, output) == VocabularyPlan.NONE;
  }

  /**
   * The narrowest dtype that holds a member's own rows and those lent to it without rounding, means
   * excepted; its own where nothing is lent.
   */
  DType dtype(int index) {
    Part self = parts[index];
    if (self == null) {
      throw new IllegalArgumentException("model " + index + " does not have this weight");
    }
    DType dtype = self.tensor().dtype();
    boolean[] lends = new boolean[parts.length];
    for (int i = 0; i < member.length; i++) {
      if (isLent(index, i)) {
        if (member[i] >= 0) {
          lends[member[i]] = true;
        } else if (member[i] == MEAN) {
          Arrays.fill(lends, true);
        }
      }
    }
    for (int i = 0; i < lends.length; i++) {
      Part part = parts[i];
      if (lends[i] && part != null) {
        dtype = common(dtype, part.tensor().dtype());
      }
    }
    return dtype;
  }

  private static DType common(DType one, DType other) {
    if (one == other) {
      return one;
    }
    return one == DType.F64 || other == DType.F64 ? DType.F64 : DType.F32;
  }
}
