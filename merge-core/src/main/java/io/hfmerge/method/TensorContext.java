package io.hfmerge.method;

import io.hfmerge.tensor.TensorSpec;
import java.util.List;

/**
 * One output tensor about to be merged.
 *
 * @param output name, dtype and shape of the result; every input has this shape
 * @param models references of the models that have the tensor, in the recipe's order; the base, if
 *     it is an input, comes first. All differ: a model that is merged with itself has a number
 *     behind its second mention, as in {@code org/a (2)}
 * @param base index of the base model among them, or {@link #NO_BASE}
 * @param parameters values for this tensor
 * @param compatibility whose numbers are wanted
 * @param seed for methods that draw at random: streams are keyed by it, the model's reference, the
 *     tensor's name and the element
 */
public record TensorContext(
    TensorSpec output,
    List<String> models,
    int base,
    TensorParameters parameters,
    Compatibility compatibility,
    long seed) {

  /** There is no base among the inputs. */
  public static final int NO_BASE = -1;

  public TensorContext {
    models = List.copyOf(models);
    if (base < NO_BASE || base >= models.size()) {
      throw new IllegalArgumentException("base " + base + " of " + models.size() + " models");
    }
    if (parameters.perModel().size() != models.size()) {
      throw new IllegalArgumentException(
          models.size() + " models, parameters for " + parameters.perModel().size());
    }
  }

  /** Whether a base model is among the inputs. */
  public boolean hasBase() {
    return base != NO_BASE;
  }

  /** Indices of the models but for the base, in order. */
  public int[] nonBase() {
    int[] indices = new int[models.size() - (hasBase() ? 1 : 0)];
    int next = 0;
    for (int i = 0; i < models.size(); i++) {
      if (i != base) {
        indices[next++] = i;
      }
    }
    return indices;
  }
}
