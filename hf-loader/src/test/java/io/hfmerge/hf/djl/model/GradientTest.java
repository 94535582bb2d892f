package io.hfmerge.hf.djl.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.testing.ModelFolders;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GradientTest {

  private static final long SEED = 20260117;

  /** Of weights around 0.1 to 1: curvature and the rounding of f32 outputs cost about as much. */
  private static final double STEP = 1e-2;

  /** Of central differences with that step, relative to the gradient's norm. */
  private static final double TOLERANCE = 2e-2;

  /**
   * The derivative along a random direction of every parameter of the model at once, its layers
   * among them, against a central difference. What nothing refers to any more is freed and
   * overwritten before the way back.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "checkpoints/bert/base",
        "checkpoints/roberta/base",
        "checkpoints/gpt2/base",
        "checkpoints/gptj/base",
        "checkpoints/gpt_neox/base",
        "checkpoints/phi/base",
        "checkpoints/llama/base",
        "checkpoints/mistral/base",
        "checkpoints/qwen2/base",
        "checkpoints/vit/base",
        "forward/qwen3",
        "forward/gemma"
      })
  void gradientsAreThoseOfFiniteDifferences(String name) throws Exception {
    String path = ModelFolders.GOLDEN.resolve(name).toAbsolutePath().toString();
    try (HfModel files = HfModels.open(path);
        TransformerModel model = TransformerModel.load(files, Device.cpu());
        NDManager manager = model.newManager()) {
      NDList inputs = inputs(manager, name.contains("vit"));
      ParameterStore store = new ParameterStore(manager, false);
      model.block().initialize(manager, DataType.FLOAT32, inputs.get(0).getShape());
      NDArray weights = null;
      try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
        NDArray logits = model.block().forward(store, inputs, true).singletonOrThrow();
        weights = random(manager, logits.getShape(), new Random(SEED));
        FreedMemory.overwrite();
        collector.backward(logits.mul(weights).sum());
      }
      for (var layer : model.block().layers().getFirst().getParameters()) {
        Parameter parameter = layer.getValue();
        NDArray value = parameter.getArray();
        NDArray gradient = value.getGradient();
        double norm = gradient.norm().getFloat();
        NDArray direction = random(manager, value.getShape(), new Random(SEED + 1));
        direction = direction.div(direction.norm());
        // a direction in which something changes
        direction = direction.add(gradient.div(Math.max(norm, 1e-12)));
        double expected = gradient.mul(direction).sum().getFloat();

        float up = loss(model, store, inputs, weights, value, direction, STEP);
        float down = loss(model, store, inputs, weights, value, direction, -STEP);

        assertThat((up - down) / (2 * STEP))
            .as(parameter.getName())
            .isCloseTo(expected, Offset.offset(TOLERANCE * Math.max(norm, 0.5)));
      }
    }
  }

  private static float loss(
      TransformerModel model,
      ParameterStore store,
      NDList inputs,
      NDArray weights,
      NDArray value,
      NDArray direction,
      double step) {
    NDArray original = value.duplicate();
    value.setRequiresGradient(false);
    value.addi(direction.mul(step));
    float loss =
        model
            .block()
            .forward(store, inputs, false)
            .singletonOrThrow()
            .mul(weights)
            .sum()
            .getFloat();
    original.copyTo(value);
    value.setRequiresGradient(true);
    return loss;
  }

  private static NDList inputs(NDManager manager, boolean image) {
    if (image) {
      NDArray pixels = random(manager, new Shape(2, 3, 32, 32), new Random(SEED));
      pixels.setName("pixel_values");
      return new NDList(pixels);
    }
    return new NDList(
        manager.create(new long[][] {{5, 6, 7, 8, 9}, {10, 11, 12, 3, 3}}),
        manager.create(new long[][] {{1, 1, 1, 1, 1}, {1, 1, 1, 0, 0}}));
  }

  private static NDArray random(NDManager manager, Shape shape, Random random) {
    float[] values = new float[Math.toIntExact(shape.size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return manager.create(values, shape);
  }
}
