package io.hfmerge.examples.experiment.taskvector;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import io.hfmerge.examples.experiment.train.Parameters;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.djl.block.TransformerBlock.Wanted;
import io.hfmerge.hf.djl.block.TransformerInputs;
import io.hfmerge.hf.djl.model.LoadOptions;
import io.hfmerge.hf.djl.model.Task;
import io.hfmerge.hf.djl.model.TransformerModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Predicate;

/**
 * A BERT that turns texts into the means of their tokens' last hidden states, which is how
 * all-MiniLM-L6-v2 was trained. Owns the model until closed.
 */
final class GlossEncoder implements AutoCloseable {

  /** Texts of about equal length run together; more at once gain nothing on a CPU. */
  private static final int EVALUATION_BATCH = 64;

  private static final int MOST_WIDTH = 1 << 20;

  private final HfModel files;
  private final TransformerModel model;
  private final NDManager manager;
  private final ParameterStore store;

  private GlossEncoder(HfModel files, TransformerModel model) {
    this.files = files;
    this.model = model;
    this.manager = model.newManager();
    this.store = new ParameterStore(manager, false);
  }

  static GlossEncoder open(String reference, Device device) throws IOException {
    HfModel files = HfModels.open(reference);
    try {
      return new GlossEncoder(
          files, TransformerModel.load(files, LoadOptions.on(device).task(Task.EMBEDDING)));
    } catch (IOException | RuntimeException e) {
      files.close();
      throw e;
    }
  }

  HfModel files() {
    return files;
  }

  /** Length of a sentence's vector. */
  int width() {
    return files.config().orElseThrow().requiredCount(MOST_WIDTH, "hidden_size");
  }

  /**
   * Makes some of the weights trainable and freezes the others; before anything runs.
   *
   * @param parameters that get copies of the weights and own them
   * @param trained whether a weight of that name is trained
   * @return the trained weights by stored name
   */
  SequencedMap<String, NDArray> train(Parameters parameters, Predicate<String> trained) {
    SequencedMap<String, NDArray> owned = new LinkedHashMap<>();
    for (Pair<String, Parameter> entry : model.block().getParameters()) {
      Parameter parameter = entry.getValue();
      if (owned.containsKey(parameter.getName())) {
        continue;
      }
      if (!trained.test(parameter.getName())) {
        parameter.freeze(true);
        continue;
      }
      NDArray stored = parameter.getArray();
      NDArray copy = parameters.add(Parameters.values(stored), stored.getShape());
      parameter.setInitializer((m, shape, type) -> copy);
      parameter.close();
      parameter.initialize(manager, DataType.FLOAT32);
      owned.put(parameter.getName(), copy);
    }
    return owned;
  }

  /** Vectors of texts, {@code [n, d]}; padded to the longest. */
  NDArray sentences(List<long[]> texts, boolean training) {
    int longest = texts.stream().mapToInt(ids -> ids.length).max().orElseThrow();
    long[] ids = new long[texts.size() * longest];
    float[] mask = new float[ids.length];
    for (int i = 0; i < texts.size(); i++) {
      long[] text = texts.get(i);
      System.arraycopy(text, 0, ids, i * longest, text.length);
      java.util.Arrays.fill(mask, i * longest, i * longest + text.length, 1);
    }
    Shape shape = new Shape(texts.size(), longest);
    NDArray visible = manager.create(mask, shape);
    TransformerInputs inputs = TransformerInputs.of(manager.create(ids, shape), visible);
    NDArray hidden = model.block().run(store, inputs, training, null, Wanted.HIDDEN).lastHidden();
    NDArray weights = visible.expandDims(2);
    return hidden.mul(weights).sum(new int[] {1}).div(weights.sum(new int[] {1}));
  }

  /** Share of examples whose class a head finds. */
  double accuracy(List<EncodedGloss> examples, Head head) {
    List<EncodedGloss> sorted = new ArrayList<>(examples);
    sorted.sort(Comparator.comparingInt(example -> example.ids().length));
    int right = 0;
    for (int first = 0; first < sorted.size(); first += EVALUATION_BATCH) {
      List<EncodedGloss> batch =
          sorted.subList(first, Math.min(sorted.size(), first + EVALUATION_BATCH));
      try (NDScope scope = new NDScope()) {
        scope.suppressNotUsedWarning();
        long[] classes =
            head.logits(sentences(batch.stream().map(EncodedGloss::ids).toList(), false))
                .argMax(1)
                .toLongArray();
        for (int i = 0; i < classes.length; i++) {
          right += classes[i] == batch.get(i).label() ? 1 : 0;
        }
      }
    }
    return (double) right / examples.size();
  }

  @Override
  public void close() throws IOException {
    manager.close();
    model.close();
    files.close();
  }
}
