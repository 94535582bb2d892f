package io.hfmerge.hf.vocab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.testing.ModelFolders;
import io.hfmerge.hf.testing.StoredTensor;
import io.hfmerge.hf.testing.TokenizerFolder;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.RecipeBuilder;
import io.hfmerge.recipe.TokenRule;
import io.hfmerge.recipe.TokenSource;
import io.hfmerge.recipe.TokenizerSpec;
import io.hfmerge.recipe.VocabularySource;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The rules of rows, by maps of tokens to values instead of the program's tables of ids, over
 * random vocabularies, paddings, dtypes and recipes.
 */
class VocabularyRulesTest {

  private static final HfModels HF_MODELS = HfModels.load();
  private static final int WIDTH = 5;
  private static final List<String> TENSORS =
      List.of("model.embed_tokens.weight", "lm_head.weight", "lm_head.bias");

  @TempDir Path temp;

  /** A model as this test knows it. */
  private static final class Model {
    final List<String> tokens = new ArrayList<>();
    final Map<String, double[][]> weights = new LinkedHashMap<>();
    DType dtype = DType.F32;
    int rows;
    String reference = "";

    double @Nullable [] row(String tensor, String token) {
      int id = tokens.indexOf(token);
      return id < 0 || id >= rows ? null : weights(tensor)[id];
    }

    double[][] weights(String tensor) {
      return weights.getOrDefault(tensor, new double[0][]);
    }
  }

  static IntStream seeds() {
    return IntStream.range(0, 60);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void everyRowIsThatOfTheFirstRuleThatApplies(int seed) throws IOException {
    Random random = new Random(seed);
    List<Model> models = new ArrayList<>();
    int count = 2 + random.nextInt(3);
    for (int i = 0; i < count; i++) {
      models.add(model(i, random));
    }
    Model base = models.getFirst();
    Model donor = base;
    VocabularySource source = new VocabularySource.Base();
    int kind = random.nextInt(4);
    if (kind == 0) {
      donor = models.get(random.nextInt(count));
      source = new VocabularySource.Model(donor.reference);
    } else if (kind != 1) {
      source = new VocabularySource.Union();
    }
    Map<String, TokenRule> rules = rules(models, random);
    Integer multiple = random.nextBoolean() ? null : 1 + random.nextInt(16);

    List<String> vocabulary = new ArrayList<>(donor.tokens);
    if (source instanceof VocabularySource.Union) {
      Set<String> all = new LinkedHashSet<>(vocabulary);
      models.forEach(model -> all.addAll(model.tokens));
      vocabulary = new ArrayList<>(all);
    }
    for (String token : rules.keySet()) {
      if (!vocabulary.contains(token)) {
        vocabulary.add(token);
      }
    }
    int rows = Math.max(vocabulary.size(), donor.rows);
    if (multiple != null) {
      rows = (vocabulary.size() + multiple - 1) / multiple * multiple;
    }

    RecipeBuilder recipe = Recipe.builder("linear").base(base.reference);
    models.forEach(model -> recipe.model(model.reference));
    recipe.tokenizer(new TokenizerSpec(source, rules, multiple));
    Map<String, HfModel> open = new LinkedHashMap<>();
    try {
      for (Model model : models) {
        open.put(model.reference, HF_MODELS.openModel(model.reference));
      }
      OutputTokenizer output = OutputTokenizer.plan(recipe.build(), open);
      for (int m = 0; m < models.size(); m++) {
        Checkpoint view = output.checkpoint(models.get(m).reference);
        for (String tensor : TENSORS) {
          double[][] expected = expected(tensor, m, models, donor, vocabulary, rows, rules);
          check(view, tensor, expected, dtypes(models), random);
        }
      }
    } finally {
      for (HfModel model : open.values()) {
        model.close();
      }
    }
  }

  private static Set<DType> dtypes(List<Model> models) {
    Set<DType> dtypes = new LinkedHashSet<>();
    models.forEach(model -> dtypes.add(model.dtype));
    return dtypes;
  }

  private Model model(int index, Random random) throws IOException {
    Model model = new Model();
    List<String> words = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      words.add("w" + i);
    }
    Collections.shuffle(words, random);
    List<String> chosen = new ArrayList<>(words.subList(0, 3 + random.nextInt(18)));
    List<String> added = new ArrayList<>();
    for (String token : List.of("<a>", "<b>", "<c>", "é ü")) {
      if (random.nextInt(3) == 0) {
        added.add(token);
      }
    }
    model.tokens.addAll(chosen);
    model.tokens.addAll(added);
    model.rows = Math.max(3, model.tokens.size() + random.nextInt(9) - 2);
    model.dtype = List.of(DType.F32, DType.F32, DType.BF16, DType.F16).get(random.nextInt(4));
    Path folder = temp.resolve("m" + index);
    model.reference = folder.toString();
    TokenizerFolder.write(folder, chosen, added);
    List<StoredTensor> tensors = new ArrayList<>();
    for (String name : TENSORS) {
      int width = name.endsWith("bias") ? 1 : WIDTH;
      double[] values = random.doubles((long) model.rows * width, -1, 1).toArray();
      Shape shape = name.endsWith("bias") ? Shape.of(model.rows) : Shape.of(model.rows, width);
      StoredTensor tensor = StoredTensor.of(name, model.dtype, shape, values);
      tensors.add(tensor);
      double[] stored = tensor.values();
      double[][] rows = new double[model.rows][];
      for (int i = 0; i < model.rows; i++) {
        rows[i] = Arrays.copyOfRange(stored, i * width, (i + 1) * width);
      }
      model.weights.put(name, rows);
    }
    ModelFolders.write(folder, tensors);
    Files.writeString(
        folder.resolve("config.json"),
        """
        {"model_type": "llama", "hidden_size": 5, "num_attention_heads": 1, "num_hidden_layers": 1,
         "intermediate_size": 2, "tie_word_embeddings": false, "vocab_size": %d}
        """
            .formatted(model.rows));
    return model;
  }

  private static Map<String, TokenRule> rules(List<Model> models, Random random) {
    Map<String, TokenRule> rules = new LinkedHashMap<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      String token = random.nextBoolean() ? "w" + random.nextInt(24) : "<new" + i + ">";
      Model model = models.get(random.nextInt(models.size()));
      String other = model.tokens.get(random.nextInt(Math.min(model.rows, model.tokens.size())));
      TokenSource source =
          switch (random.nextInt(4)) {
            case 0 -> new TokenSource.Zero();
            case 1 -> new TokenSource.OtherToken(model.reference, other);
            case 2 -> new TokenSource.Row(model.reference, random.nextInt(model.rows));
            default -> new TokenSource.SameToken(model.reference);
          };
      boolean known =
          !(source instanceof TokenSource.SameToken)
              || model.row(TENSORS.getFirst(), token) != null;
      if (known) {
        rules.put(token, new TokenRule(source, random.nextBoolean()));
      }
    }
    return rules;
  }

  /** The rows of one model's view, by the rules as they are documented. */
  private static double[][] expected(
      String tensor,
      int index,
      List<Model> models,
      Model donor,
      List<String> vocabulary,
      int rows,
      Map<String, TokenRule> rules) {
    Model model = models.get(index);
    int width = tensor.endsWith("bias") ? 1 : WIDTH;
    double[][] expected = new double[rows][];
    double[] sums = new double[width];
    for (int i = 0; i < vocabulary.size(); i++) {
      String token = vocabulary.get(i);
      TokenRule rule = rules.get(token);
      double[] own = model.row(tensor, token);
      if (own != null && (rule == null || !rule.force())) {
        expected[i] = own;
      } else if (rule != null) {
        expected[i] = chosen(tensor, token, rule.source(), models, width);
      } else if (models.getFirst().row(tensor, token) != null) {
        expected[i] = models.getFirst().row(tensor, token);
      } else {
        expected[i] = mean(tensor, token, models, width);
      }
      for (int k = 0; k < width; k++) {
        sums[k] += expected[i][k] / vocabulary.size();
      }
    }
    for (int i = vocabulary.size(); i < rows; i++) {
      if (i >= donor.rows) {
        expected[i] = sums;
      } else {
        boolean padding = i < model.rows && i >= model.tokens.size();
        expected[i] = (padding ? model : donor).weights(tensor)[i];
      }
    }
    return expected;
  }

  private static double[] chosen(
      String tensor, String token, TokenSource source, List<Model> models, int width) {
    double[] row =
        switch (source) {
          case TokenSource.Zero _ -> new double[width];
          case TokenSource.SameToken(String reference) -> of(models, reference).row(tensor, token);
          case TokenSource.OtherToken(String reference, String other) ->
              of(models, reference).row(tensor, other);
          case TokenSource.Row(String reference, int id) ->
              of(models, reference).weights(tensor)[id];
        };
    return row == null ? new double[0] : row;
  }

  private static Model of(List<Model> models, String reference) {
    return models.stream().filter(m -> m.reference.equals(reference)).findFirst().orElseThrow();
  }

  private static double[] mean(String tensor, String token, List<Model> models, int width) {
    double[] mean = new double[width];
    int owners = 0;
    for (Model model : models) {
      double[] row = model.row(tensor, token);
      if (row != null) {
        owners++;
        for (int k = 0; k < width; k++) {
          mean[k] += row[k];
        }
      }
    }
    for (int k = 0; k < width; k++) {
      mean[k] /= Math.max(1, owners);
    }
    return mean;
  }

  private static void check(
      Checkpoint view, String name, double[][] expected, Set<DType> dtypes, Random random)
      throws IOException {
    TensorSpec spec = view.get(name);
    int width = expected[0].length;
    assertThat(spec.shape())
        .isEqualTo(width == 1 ? Shape.of(expected.length) : Shape.of(expected.length, width));
    double[] flat = Arrays.stream(expected).flatMapToDouble(Arrays::stream).toArray();
    byte[] whole = new byte[(int) spec.sizeBytes()];
    view.read(name, 0, MemorySegment.ofArray(whole));
    double[] actual = new double[flat.length];
    TensorCodec.decode(spec.dtype(), MemorySegment.ofArray(whole), 0, actual, actual.length);
    for (int i = 0; i < flat.length; i++) {
      // one rounding of a mean, or of a wider model's row lent to a narrower base
      double tolerance =
          switch (spec.dtype()) {
            case BF16 -> Math.abs(flat[i]) * 0x1p-8;
            case F16 -> Math.abs(flat[i]) * 0x1p-11 + 0x1p-24;
            default -> 0x1p-23;
          };
      if (dtypes.size() == 1 && Arrays.stream(expected).noneMatch(row -> isMean(row, spec))) {
        tolerance = 0;
      }
      assertThat(actual[i])
          .as("%s, row %d", name, i / width)
          .isCloseTo(flat[i], org.assertj.core.data.Offset.offset(tolerance));
    }
    int size = spec.dtype().bytes();
    try (Arena arena = Arena.ofConfined()) {
      for (int i = 0; i < 20; i++) {
        int from = random.nextInt(flat.length);
        int to = from + random.nextInt(flat.length - from + 1);
        MemorySegment part = arena.allocate(Math.max(1, (to - from) * size));
        view.read(name, (long) from * size, part.asSlice(0, (long) (to - from) * size));
        assertThat(
                part.asSlice(0, (long) (to - from) * size)
                    .mismatch(
                        MemorySegment.ofArray(whole)
                            .asSlice((long) from * size, (long) (to - from) * size)))
            .as("%s, elements %d to %d", name, from, to)
            .isEqualTo(-1);
      }
    }
  }

  /** Whether a row is not made of values of the dtype. */
  private static boolean isMean(double[] row, TensorSpec spec) {
    byte[] bytes = new byte[row.length * spec.dtype().bytes()];
    double[] back = new double[row.length];
    TensorCodec.encode(spec.dtype(), row, MemorySegment.ofArray(bytes), 0, row.length);
    TensorCodec.decode(spec.dtype(), MemorySegment.ofArray(bytes), 0, back, row.length);
    return !Arrays.equals(back, row);
  }
}
