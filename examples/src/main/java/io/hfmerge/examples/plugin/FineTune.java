package io.hfmerge.examples.plugin;

import ai.djl.Device;
import ai.djl.ModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.hfmerge.hf.djl.text.TextTokenizer;
import io.hfmerge.hf.djl.zoo.LoadedBlock;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** A sequence classifier trained on labelled texts, every weight of it, by DJL's own trainer. */
public final class FineTune {

  private FineTune() {}

  /** Arguments: URL of a sequence classifier, then texts and classes in turn. */
  public static void main(String... arguments) throws Exception {
    Map<String, Integer> examples = new LinkedHashMap<>();
    for (int i = 1; i + 1 < arguments.length; i += 2) {
      examples.put(arguments[i], Integer.valueOf(arguments[i + 1]));
    }
    System.out.println("loss " + loss(arguments[0], examples, 20));
  }

  /** The mean loss in the last of some passes over the examples; in the first, if there is one. */
  static double loss(String url, Map<String, Integer> examples, int passes)
      throws IOException, ModelException {
    Criteria<NDList, NDList> criteria =
        Criteria.builder().setTypes(NDList.class, NDList.class).optModelUrls(url).build();
    DefaultTrainingConfig config =
        new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
            .optDevices(new Device[] {Device.cpu()})
            .optOptimizer(Optimizer.adam().optLearningRateTracker(Tracker.fixed(0.002f)).build());
    try (ZooModel<NDList, NDList> model = criteria.loadModel();
        Trainer trainer = model.newTrainer(config)) {
      trainer.initialize(new Shape(1, 8)); // any: the weights are there
      TextTokenizer tokenizer = ((LoadedBlock) model.getBlock()).tokenizer();
      double mean = 0;
      for (int pass = 0; pass < passes; pass++) {
        mean = 0;
        for (Map.Entry<String, Integer> example : examples.entrySet()) {
          try (NDList batch = batch(trainer, tokenizer.encode(example.getKey()).ids(), example)) {
            mean += step(trainer, batch) / examples.size();
          }
        }
      }
      return mean;
    }
  }

  private static NDList batch(Trainer trainer, long[] ids, Map.Entry<String, Integer> example) {
    return new NDList(
        trainer.getManager().create(ids).expandDims(0),
        trainer.getManager().create(new long[] {example.getValue()}));
  }

  private static double step(Trainer trainer, NDList batch) {
    double value;
    try (GradientCollector collector = trainer.newGradientCollector();
        NDList logits = trainer.forward(new NDList(batch.get(0)));
        NDArray loss = trainer.getLoss().evaluate(new NDList(batch.get(1)), logits)) {
      collector.backward(loss);
      value = loss.getFloat();
    }
    trainer.step();
    return value;
  }
}
