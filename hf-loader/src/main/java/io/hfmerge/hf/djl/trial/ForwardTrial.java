package io.hfmerge.hf.djl.trial;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.arch.ModelDimensions;
import io.hfmerge.hf.checklist.Finding;
import io.hfmerge.hf.checklist.ModelTrial;
import io.hfmerge.hf.djl.DjlTensors;
import io.hfmerge.hf.djl.block.InvalidInputException;
import io.hfmerge.hf.djl.block.TransformerBlock.Wanted;
import io.hfmerge.hf.djl.block.TransformerInputs;
import io.hfmerge.hf.djl.block.TransformerOutputs;
import io.hfmerge.hf.djl.model.LoadOptions;
import io.hfmerge.hf.djl.model.TransformerModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongSupplier;

/**
 * One forward pass on the CPU, in F32: on a short text through the model's tokenizer, on a few ids
 * where there is none, on a blank image for a model of images. Every number that comes out must be
 * finite, and every shape as the config says. Models that nothing here runs, or whose weights in
 * F32 do not fit the memory, are left out, which is said.
 */
public final class ForwardTrial implements ModelTrial {

  private static final String WHERE = "forward pass";
  private static final int NAMES_SHOWN = 8;

  private final LongSupplier memory;

  /** Within the memory that is available. */
  public ForwardTrial() {
    this(AvailableMemory::bytes);
  }

  /**
   * @param memory bytes that weights may take
   */
  ForwardTrial(LongSupplier memory) {
    this.memory = memory;
  }

  @Override
  public Outcome run(HfModel model) throws IOException {
    if (!TransformerModel.runs(model)) {
      return leftOut(
          "nothing here runs "
              + model
                  .config()
                  .flatMap(config -> config.modelType())
                  .map(type -> "a model of type " + type)
                  .orElse("a model without a model_type"));
    }
    long needed = DjlTensors.copiedBytes(model.checkpoint());
    long available = memory.getAsLong();
    if (needed > available) {
      return leftOut(
          String.format(
              Locale.ROOT,
              "its weights in F32 take %,d bytes, and %,d are available",
              needed,
              available));
    }
    try (TransformerModel loaded = TransformerModel.load(model, LoadOptions.cpu().withoutExtras());
        NDManager manager = loaded.newManager()) {
      return check(model, loaded, manager);
    } catch (UnsupportedFeatureException e) {
      return leftOut(String.valueOf(e.getMessage()));
    } catch (MalformedCheckpointException e) {
      return Outcome.fault(new Finding(WHERE, "a model that runs", String.valueOf(e.getMessage())));
    } catch (EngineException | LinkageError e) {
      // a machine for which DJL brings no native library, or one too old for it
      return leftOut("DJL's engine does not work here: " + e.getMessage());
    }
  }

  private static Outcome leftOut(String why) {
    return Outcome.sound("the model was not run: " + why);
  }

  private static Outcome check(HfModel model, TransformerModel loaded, NDManager manager)
      throws IOException {
    long vocabulary = loaded.block().vocabulary();
    TrialInput input =
        vocabulary == 0
            ? TrialInput.image(model)
            : TrialInput.text(model, vocabulary, loaded.block().settings().limit());
    if (input.fault().isPresent()) {
      return Outcome.fault(input.fault().get());
    }
    TransformerOutputs outputs;
    try {
      outputs = loaded.run(TransformerInputs.of(input.array(manager)), Wanted.EVERYTHING);
    } catch (InvalidInputException e) {
      return Outcome.fault(
          new Finding(WHERE, "a model that takes " + input.text(), String.valueOf(e.getMessage())));
    }
    List<Finding> findings = new ArrayList<>();
    List<String> seen = new ArrayList<>();
    for (NDArray array : outputs.list()) {
      if (!array.getName().equals(TransformerOutputs.FIRST_HIDDEN)) {
        String found = Arrays.toString(array.getShape().getShape());
        expectedShape(model, loaded, input.positions(), array)
            .filter(expected -> !expected.equals(found))
            .ifPresent(expected ->
                findings.add(new Finding(WHERE, array.getName() + " of shape " + expected, found)));
        long bad = nonFinite(array);
        if (bad > 0) {
          findings.add(
              new Finding(
                  WHERE,
                  "finite " + array.getName(),
                  "%d of %d that are NaN or infinite".formatted(bad, array.size())));
        }
        seen.add(array.getName() + " " + found);
      }
    }
    List<String> notes = new ArrayList<>();
    if (!loaded.extras().isEmpty()) {
      notes.add(
          "tensors that a model of this config has no place for, so that programs leave them out: "
              + shown(loaded.extras()));
    }
    if (findings.isEmpty()) {
      notes.add("one forward pass over " + input.text() + ": finite " + String.join(", ", seen));
    }
    return new Outcome(findings, notes);
  }

  private static String shown(List<String> names) {
    int some = Math.min(NAMES_SHOWN, names.size());
    return String.join(", ", names.subList(0, some))
        + (some < names.size() ? " and " + (names.size() - some) + " more" : "");
  }

  /** What the config says of a result's shape, as Java writes arrays; empty where it is silent. */
  private static Optional<String> expectedShape(
      HfModel model, TransformerModel loaded, long positions, NDArray array) {
    Optional<Long> width =
        model.structure().dimensions().map(ModelDimensions::hidden).map(Long::valueOf);
    return switch (array.getName()) {
      case TransformerOutputs.LAST_HIDDEN -> width.map(d -> shape(1, positions, d));
      case TransformerOutputs.POOLED -> width.map(d -> shape(1, d));
      case TransformerOutputs.LOGITS ->
          switch (loaded.task()) {
            case CAUSAL_LM, MASKED_LM ->
                Optional.of(shape(1, positions, loaded.block().vocabulary()));
            case TOKEN_CLASSIFICATION -> labels(model).map(n -> shape(1, positions, n));
            case SEQUENCE_CLASSIFICATION, IMAGE_CLASSIFICATION ->
                labels(model).map(n -> shape(1, n));
            case EMBEDDING -> Optional.empty();
          };
      default -> Optional.empty();
    };
  }

  private static Optional<Long> labels(HfModel model) {
    OptionalLong number =
        model.config().map(config -> config.integer("num_labels")).orElse(OptionalLong.empty());
    if (number.isPresent()) {
      return Optional.of(number.getAsLong());
    }
    return model
        .config()
        .map(config -> config.tree().path("id2label").size())
        .filter(size -> size > 0)
        .map(Long::valueOf);
  }

  private static String shape(long... dimensions) {
    return Arrays.toString(dimensions);
  }

  private static long nonFinite(NDArray array) {
    long count = 0;
    try (NDArray values = array.toType(DataType.FLOAT32, true)) {
      for (float value : values.toFloatArray()) {
        count += Float.isFinite(value) ? 0 : 1;
      }
    }
    return count;
  }
}
