package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.AnalysisReport.Skipped;
import io.hfmerge.hf.arch.Role;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How task vectors stand to each other, in a fixed order. Equal inputs and settings give equal
 * reports, whatever the number of threads.
 *
 * @param base the base, as the user named it
 * @param modelType the base's {@code model_type}
 * @param tasks the models
 * @param request what was asked for
 * @param tensors by tensor: stack, layer, role, expert, then what lies outside of layers and roles
 * @param layers by layer
 * @param roles by role
 * @param model all tensors
 * @param theory what P1's theory makes of the sum; empty where no spectra were taken
 * @param texts what models were run on; empty where none were
 * @param skipped what was not measured, with the reason
 */
public record ConflictReport(
    String base,
    String modelType,
    List<Task> tasks,
    ConflictRequest request,
    List<TensorConflicts> tensors,
    List<GroupConflicts> layers,
    List<GroupConflicts> roles,
    GroupConflicts model,
    Optional<SumForecast> theory,
    List<SampledText> texts,
    List<Skipped> skipped) {

  public ConflictReport {
    tasks = List.copyOf(tasks);
    tensors = List.copyOf(tensors);
    layers = List.copyOf(layers);
    roles = List.copyOf(roles);
    texts = List.copyOf(texts);
    skipped = List.copyOf(skipped);
  }

  /**
   * What a model was run on.
   *
   * @param name how the user named it
   * @param sequences number of windows or lines
   * @param tokens number of tokens whose states were looked at
   * @param predictions number of predictions compared
   */
  public record SampledText(String name, int sequences, int tokens, int predictions) {}

  /**
   * A fine-tuned model.
   *
   * @param id how the user named it
   * @param revision commit or content id, where one is known
   * @param weight its factor λ w_t in the sum
   */
  public record Task(String id, Optional<String> revision, double weight) {}

  /**
   * Numbers of one tensor, or of the part of one that plays a role.
   *
   * @param stack the stack of layers, empty where there is one
   * @param layer layer from 0, or -1 outside the layers
   * @param role part in the layer
   * @param expert the expert, of a mixture
   * @param tensor the base's name of the tensor
   * @param rows number of outputs
   * @param columns number of inputs
   * @param values what was measured; empty if no model changed it
   */
  public record TensorConflicts(
      String stack,
      int layer,
      Role role,
      OptionalInt expert,
      String tensor,
      int rows,
      int columns,
      List<MeasureValue> values) {

    public TensorConflicts {
      values = List.copyOf(values);
    }
  }

  /**
   * Numbers of several tensors: sums over elements are exact, all others are means over the
   * matrices weighted by squared Frobenius norms of what they speak of.
   *
   * @param stack the stack of layers, empty where there is one
   * @param layer the layer; empty unless this is one
   * @param role the role; empty unless this is one
   * @param tensors number of tensors
   * @param elements number of their elements
   * @param values what was measured
   */
  public record GroupConflicts(
      String stack,
      OptionalInt layer,
      Optional<Role> role,
      int tensors,
      long elements,
      List<MeasureValue> values) {

    public GroupConflicts {
      values = List.copyOf(values);
    }
  }
}
