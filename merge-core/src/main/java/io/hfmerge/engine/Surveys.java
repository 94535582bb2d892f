package io.hfmerge.engine;

import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.StatisticsPass;
import io.hfmerge.method.Survey;
import io.hfmerge.method.SurveyOutcome;
import io.hfmerge.plan.MergePlan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Passes over all tensors that some methods need before the first tensor is merged. They look at
 * every tensor, those that an earlier run completed included, so that a merge that is continued
 * comes to the same.
 */
final class Surveys {

  /** Lets workers look at all tensors. */
  @FunctionalInterface
  interface Crew {
    void look(List<TensorGroup> groups, PhaseOpener opener, MergeMemory memory) throws IOException;
  }

  /**
   * One round.
   *
   * @param methods one for each output
   * @param groups what is looked at
   */
  private record Round(List<MergeMethod> methods, List<TensorGroup> groups) {}

  private Surveys() {}

  private static List<SurveyOutcome> first(List<MergePlan> plans) {
    List<SurveyOutcome> outcomes = new ArrayList<>();
    for (MergePlan plan : plans) {
      Optional<Survey<?>> survey = plan.method().survey(plan.contexts());
      outcomes.add(survey.isPresent() ? survey.get() : new SurveyOutcome.Known(plan.method()));
    }
    return outcomes;
  }

  private static boolean done(List<SurveyOutcome> outcomes) {
    return outcomes.stream().allMatch(SurveyOutcome.Known.class::isInstance);
  }

  private static Round round(List<MergePlan> plans, List<SurveyOutcome> outcomes) {
    List<MergeMethod> methods = new ArrayList<>();
    List<MergePlan> looked = new ArrayList<>();
    for (int i = 0; i < plans.size(); i++) {
      if (outcomes.get(i) instanceof Survey<?> survey) {
        methods.add(new SurveyPass<>(plans.get(i).method().description(), survey));
        looked.add(plans.get(i));
      }
    }
    List<TensorGroup> groups =
        TensorGroup.of(looked).stream()
            .filter(group ->
                PhaseOpener.steps(group, methods).stream()
                    .anyMatch(StatisticsPass.class::isInstance))
            .toList();
    return new Round(methods, groups);
  }

  /** Refuses plans whose surveys do not fit in the memory. */
  static void check(List<MergePlan> plans, MergeOptions options) {
    List<SurveyOutcome> outcomes = first(plans);
    if (!done(outcomes)) {
      Round round = round(plans, outcomes);
      MergeMemory.of(round.groups(), round.methods(), plans, options);
    }
  }

  /** Bytes that all surveys read. */
  static long bytesToRead(List<MergePlan> plans) {
    List<SurveyOutcome> outcomes = first(plans);
    if (done(outcomes)) {
      return 0;
    }
    int passes = 0;
    for (SurveyOutcome outcome : outcomes) {
      passes = outcome instanceof Survey<?> survey ? Math.max(passes, survey.passes()) : passes;
    }
    Round round = round(plans, outcomes);
    long bytes = 0;
    for (TensorGroup group : round.groups()) {
      bytes +=
          group.bytesOf(
              group.sourcesOfStatistics(PhaseOpener.steps(group, round.methods())),
              group.elements());
    }
    return passes * bytes;
  }

  /**
   * Carries all surveys out.
   *
   * @return a method for each plan, which knows what was looked for
   */
  static List<MergeMethod> carryOut(List<MergePlan> plans, MergeOptions options, Crew crew)
      throws IOException {
    List<SurveyOutcome> outcomes = first(plans);
    while (!done(outcomes)) {
      Round round = round(plans, outcomes);
      MergeMemory memory = MergeMemory.of(round.groups(), round.methods(), plans, options);
      List<OutputStatistics> unheard =
          round.methods().stream().map(method -> new OutputStatistics(List.of())).toList();
      crew.look(
          round.groups(), new PhaseOpener(round.methods(), options, memory, unheard, true), memory);
      List<SurveyOutcome> following = new ArrayList<>();
      int next = 0;
      for (SurveyOutcome outcome : outcomes) {
        following.add(
            outcome instanceof Survey<?>
                ? ((SurveyPass<?>) round.methods().get(next++)).next()
                : outcome);
      }
      outcomes = following;
    }
    return outcomes.stream().map(outcome -> ((SurveyOutcome.Known) outcome).method()).toList();
  }
}
