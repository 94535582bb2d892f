package io.hfmerge.engine;

import io.hfmerge.method.CopyOfInput;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.MethodDescription;
import io.hfmerge.method.StatisticsPass;
import io.hfmerge.method.Survey;
import io.hfmerge.method.SurveyOutcome;
import io.hfmerge.method.TensorContext;
import io.hfmerge.method.TensorMerge;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * One survey as a method whose only step looks at tiles: what it sees goes into a partial result of
 * the thread, whatever the tensor.
 */
final class SurveyPass<P> implements MergeMethod {

  private static final TensorMerge NOTHING = new CopyOfInput(0);

  private static final long SEGMENT_ELEMENTS = 1L << 18;

  private final MethodDescription description;
  private final Survey<P> survey;
  private final Map<Thread, P> partials = new ConcurrentHashMap<>();

  SurveyPass(MethodDescription description, Survey<P> survey) {
    this.description = description;
    this.survey = survey;
  }

  @Override
  public MethodDescription description() {
    return description;
  }

  @Override
  public TensorMerge prepare(TensorContext context) {
    return survey.wants(context) ? new Look(context) : NOTHING;
  }

  /** What follows, once every tensor was seen. */
  SurveyOutcome next() {
    return survey.next(partials.values().stream().reduce(survey.newPartial(), survey::fold));
  }

  /** Has no partial results of segments: there is nothing to tell them apart by. */
  private final class Look implements StatisticsPass<Boolean> {

    private final TensorContext context;

    Look(TensorContext context) {
      this.context = context;
    }

    @Override
    public Boolean newPartial() {
      return true;
    }

    @Override
    public void accept(Boolean partial, float[][] inputs, int length, long firstElement) {
      P own = partials.computeIfAbsent(Thread.currentThread(), key -> survey.newPartial());
      survey.accept(own, context, inputs, length);
    }

    @Override
    public Boolean fold(Boolean before, Boolean next) {
      return true;
    }

    @Override
    public TensorMerge next(Boolean all) {
      return NOTHING;
    }

    @Override
    public long segmentElements() {
      return SEGMENT_ELEMENTS;
    }

    @Override
    public long partialBytes() {
      return survey.partialBytes();
    }
  }
}
