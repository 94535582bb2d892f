package io.hfmerge.analysis;

import io.hfmerge.analysis.metric.BalanceMetrics;
import io.hfmerge.analysis.metric.HeadMetrics;
import io.hfmerge.analysis.metric.MatrixMetrics;
import io.hfmerge.analysis.metric.NormPreservation;
import io.hfmerge.hf.arch.ModelDimensions;
import io.hfmerge.hf.arch.Role;
import java.util.List;
import java.util.Optional;

/**
 * What was measured of a model, in a fixed order: stack, layer, role, expert; heads by layer, head,
 * product. Equal inputs and settings give equal reports, whatever the number of threads.
 *
 * @param model which model
 * @param settings what was asked for
 * @param matrices weight matrices
 * @param heads products of attention heads; empty unless asked for
 * @param balance balance of factors; empty unless heads were asked for
 * @param normPreservation norms across the layers
 * @param summary stable ranks by role
 * @param skipped what was not measured, with the reason
 */
public record AnalysisReport(
    Model model,
    Settings settings,
    List<MatrixMetrics> matrices,
    List<HeadMetrics> heads,
    List<BalanceMetrics> balance,
    NormPreservation normPreservation,
    Summary summary,
    List<Skipped> skipped) {

  public AnalysisReport {
    matrices = List.copyOf(matrices);
    heads = List.copyOf(heads);
    balance = List.copyOf(balance);
    skipped = List.copyOf(skipped);
  }

  /**
   * The model.
   *
   * @param id how the user named it
   * @param revision commit or content id, where one is known
   * @param modelType the config's {@code model_type}
   * @param dimensions its sizes, of known families
   * @param dtype the dtype of most elements of the layers' matrices, as safetensors names it; empty
   *     if there is none
   * @param base what was subtracted from the weights, as the user named it; empty for the weights
   *     themselves
   */
  public record Model(
      String id,
      Optional<String> revision,
      String modelType,
      Optional<ModelDimensions> dimensions,
      String dtype,
      Optional<String> base) {}

  /**
   * What was asked for, and where it ran.
   *
   * @param request the request
   * @param device the device that was used
   */
  public record Settings(AnalysisRequest request, String device) {}

  /**
   * Stable ranks of a role across the model.
   *
   * @param role the role
   * @param count number of matrices that are not constant
   * @param meanStableRank mean of ‖W‖_F/‖W‖₂
   * @param minStableRank the smallest
   * @param maxStableRank the largest
   */
  public record RoleSummary(
      Role role, int count, double meanStableRank, double minStableRank, double maxStableRank) {}

  /**
   * The model in a few numbers.
   *
   * @param matrices matrices measured
   * @param heads products of heads measured
   * @param skipped things not measured
   * @param belowNoise matrices whose noise floor is above ε
   * @param constant matrices whose elements are all equal, which no average counts
   * @param largestErrorBound the largest relative error bound of a spectral norm
   * @param roles stable ranks by role
   */
  public record Summary(
      int matrices,
      int heads,
      int skipped,
      int belowNoise,
      int constant,
      double largestErrorBound,
      List<RoleSummary> roles) {

    public Summary {
      roles = List.copyOf(roles);
    }
  }

  /**
   * Something that was not measured.
   *
   * @param tensor the tensor or matrix
   * @param reason why
   */
  public record Skipped(String tensor, String reason) {}
}
