package io.hfmerge.examples.plugin;

import ai.djl.ModelException;
import ai.djl.inference.Predictor;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import java.io.IOException;

/** The continuation of a text: by a model, or by what a recipe makes, merged while it loads. */
public final class ContinueText {

  private ContinueText() {}

  /** Arguments: {@code hf://MODEL} or {@code hfmerge:///RECIPE.yaml}, a text, perhaps a seed. */
  public static void main(String... arguments) throws Exception {
    int seed = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 0;
    System.out.println(arguments[1] + continuation(arguments[0], arguments[1], 40, 0.8, seed));
  }

  /**
   * Continues.
   *
   * @param temperature 0 for the likeliest token each time
   */
  static String continuation(String url, String text, int tokens, double temperature, int seed)
      throws IOException, ModelException, TranslateException {
    Criteria<String, String> criteria =
        Criteria.builder()
            .setTypes(String.class, String.class)
            .optModelUrls(url)
            .optArgument("maxNewTokens", tokens)
            .optArgument("temperature", temperature)
            .optArgument("topP", 0.95)
            .optArgument("seed", seed)
            .build();
    try (ZooModel<String, String> model = criteria.loadModel();
        Predictor<String, String> predictor = model.newPredictor()) {
      return predictor.predict(text);
    }
  }
}
