package io.hfmerge.hf.djl.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.djl.block.InvalidInputException;
import io.hfmerge.hf.djl.block.KeyValueCache;
import io.hfmerge.hf.djl.block.TransformerBlock.Wanted;
import io.hfmerge.hf.djl.block.TransformerInputs;
import io.hfmerge.hf.djl.model.Generator.Continuation;
import io.hfmerge.hf.djl.model.Generator.Settings;
import io.hfmerge.hf.djl.model.Generator.Stop;
import io.hfmerge.hf.testing.ModelFolders;
import java.nio.file.Path;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GeneratorTest {

  /** Sums in another order: the cache's products have other shapes. */
  private static final float TOLERANCE = 1e-5f;

  /** Four standard deviations of a share of 40,000 draws are 0.01. */
  private static final double SHARE_TOLERANCE = 0.01;

  private static final long[] PROMPT = {5, 17, 40, 9, 63};

  @ParameterizedTest
  @ValueSource(
      strings = {
        "checkpoints/gpt2/base",
        "checkpoints/gptj/base",
        "checkpoints/gpt_neox/base",
        "checkpoints/phi/base",
        "checkpoints/llama/base",
        "checkpoints/mistral/base",
        "checkpoints/qwen2/base",
        "forward/qwen3",
        "forward/gemma",
        "forward/mistral-window",
        "forward/llama-llama3"
      })
  void givesTheSameWithAndWithoutCache(String name) throws Exception {
    try (HfModel files = HfModels.open(golden(name));
        TransformerModel model = TransformerModel.load(files, Device.cpu())) {
      Generator generator = new Generator(model, Set.of());
      Continuation cached = generate(generator, Sampling.GREEDY, 12, true);
      Continuation plain = generate(generator, Sampling.GREEDY, 12, false);

      assertThat(cached.tokens().ids()).isEqualTo(plain.tokens().ids()).hasSize(12);
      assertThat(cached.stop()).isEqualTo(Stop.LENGTH);
    }
  }

  /** Also where tokens come in pieces, the cache grows, and one sequence is padded on the left. */
  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "llama", "gptj"})
  void cachedPiecesGiveTheLogitsOfTheWhole(String family) throws Exception {
    try (HfModel files = HfModels.open(ModelFolders.golden(family, "base").toString());
        TransformerModel model = TransformerModel.load(files, Device.cpu());
        NDManager manager = model.newManager();
        KeyValueCache cache = model.newCache()) {
      NDArray ids = manager.create(new long[][] {{5, 6, 7, 8, 9, 10}, {3, 3, 7, 50, 2, 1}});
      NDArray mask = manager.create(new long[][] {{1, 1, 1, 1, 1, 1}, {0, 0, 1, 1, 1, 1}});
      NDArray whole = model.run(TransformerInputs.of(ids, mask), Wanted.LOGITS).logits();
      NDArray first =
          model
              .run(TransformerInputs.of(ids.get(":, :4"), mask.get(":, :4")), cache, Wanted.LOGITS)
              .logits();
      NDArray second =
          model.run(TransformerInputs.of(ids.get(":, 4:"), mask), cache, Wanted.LOGITS).logits();
      NDArray alone =
          model
              .run(
                  TransformerInputs.of(manager.create(new long[][] {{7, 50, 2, 1}})), Wanted.LOGITS)
              .logits();

      assertThat(largest(first.get("0").sub(whole.get("0, :4")))).isLessThan(TOLERANCE);
      assertThat(largest(second.sub(whole.get(":, 4:")))).isLessThan(TOLERANCE);
      assertThat(largest(alone.get("0").sub(whole.get("1, 2:")))).isLessThan(TOLERANCE);
    }
  }

  @Test
  void drawsTheSameTokensFromTheSameSeed() throws Exception {
    try (HfModel files = HfModels.open(golden("checkpoints/gpt2/base"));
        TransformerModel model = TransformerModel.load(files, Device.cpu())) {
      Generator generator = new Generator(model, Set.of());
      long[] first = generate(generator, new Sampling(2, 40, 0.95, 7), 10, true).tokens().ids();
      long[] again = generate(generator, new Sampling(2, 40, 0.95, 7), 10, true).tokens().ids();
      long[] other = generate(generator, new Sampling(2, 40, 0.95, 8), 10, true).tokens().ids();

      assertThat(again).isEqualTo(first);
      assertThat(other).isNotEqualTo(first);
      assertThat(generate(generator, new Sampling(1, 1, 1, 3), 10, true).tokens().ids())
          .isEqualTo(generate(generator, Sampling.GREEDY, 10, true).tokens().ids());
    }
  }

  @Test
  void drawsWithTheProbabilitiesOfTheKeptTokens() {
    float[] logits = {0, (float) Math.log(3), (float) Math.log(4), -50, (float) Math.log(2)};
    int draws = 40_000;

    // probabilities .1 .3 .4 0 .2: two tokens reach 0.6, three 0.75
    assertThat(shares(new Sampling(1, 0, 1, 1), logits, draws))
        .usingComparatorWithPrecision(SHARE_TOLERANCE)
        .containsExactly(0.1, 0.3, 0.4, 0.0, 0.2);
    assertThat(shares(new Sampling(1, 2, 1, 1), logits, draws))
        .usingComparatorWithPrecision(SHARE_TOLERANCE)
        .containsExactly(0.0, 3 / 7.0, 4 / 7.0, 0.0, 0.0);
    assertThat(shares(new Sampling(1, 0, 0.75, 1), logits, draws))
        .usingComparatorWithPrecision(SHARE_TOLERANCE)
        .containsExactly(0.0, 3 / 9.0, 4 / 9.0, 0.0, 2 / 9.0);
    assertThat(shares(new Sampling(0.5, 0, 1, 1), logits, draws))
        .usingComparatorWithPrecision(SHARE_TOLERANCE)
        .containsExactly(1 / 30.0, 9 / 30.0, 16 / 30.0, 0.0, 4 / 30.0);
  }

  private static double[] shares(Sampling sampling, float[] logits, int draws) {
    RandomGenerator random = sampling.random();
    double[] shares = new double[logits.length];
    for (int i = 0; i < draws; i++) {
      shares[sampling.choose(logits, random)] += 1.0 / draws;
    }
    return shares;
  }

  @Test
  void stopsAtTheEndOfTextAndAtTheModelsLimit() throws Exception {
    try (HfModel files = HfModels.open(golden("checkpoints/gpt2/base"));
        TransformerModel model = TransformerModel.load(files, Device.cpu())) {
      long[] free =
          generate(new Generator(model, Set.of()), Sampling.GREEDY, 4, true).tokens().ids();
      Continuation ended =
          generate(new Generator(model, Set.of(free[2])), Sampling.GREEDY, 4, true);
      Continuation limited = generate(new Generator(model, Set.of()), Sampling.GREEDY, 60, true);

      assertThat(ended.stop()).isEqualTo(Stop.END_OF_TEXT);
      assertThat(ended.tokens().ids()).endsWith(free[2]);
      assertThat(limited.stop()).isEqualTo(Stop.MODEL_LIMIT);
      // 48 tokens go in, and the token after them comes out
      assertThat(limited.tokens().length()).isEqualTo(48 + 1 - PROMPT.length);
    }
  }

  @Test
  void refusesWhatCannotBeContinued() throws Exception {
    try (HfModel files = HfModels.open(golden("checkpoints/gpt2/base"));
        TransformerModel model = TransformerModel.load(files, Device.cpu())) {
      Generator generator = new Generator(model, Set.of());
      Settings settings = new Settings(1, Sampling.GREEDY, true);

      assertThatThrownBy(() -> generator.generate(new long[0], settings, token -> {}))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageContaining("at least one token");
      assertThatThrownBy(() -> generator.generate(new long[49], settings, token -> {}))
          .isInstanceOf(InvalidInputException.class)
          .hasMessage("expected at most 48 tokens, the model's limit, found 49");
      assertThatThrownBy(() -> generator.generate(new long[] {96}, settings, token -> {}))
          .isInstanceOf(InvalidInputException.class)
          .hasMessage("expected every token id from 0 to 95, found 96");
    }
    try (HfModel files = HfModels.open(golden("checkpoints/bert/base"));
        TransformerModel model = TransformerModel.load(files, Device.cpu())) {
      assertThatThrownBy(() -> new Generator(model, Set.of()))
          .isInstanceOf(UnsupportedFeatureException.class)
          .hasMessageContaining("MASKED_LM");
    }
  }

  private static Continuation generate(
      Generator generator, Sampling sampling, int tokens, boolean cached) {
    return generator.generate(PROMPT, new Settings(tokens, sampling, cached), token -> {});
  }

  private static float largest(NDArray differences) {
    return differences.abs().max().getFloat();
  }

  private static String golden(String name) {
    Path path = ModelFolders.GOLDEN.resolve(name);
    return path.toAbsolutePath().toString();
  }
}
