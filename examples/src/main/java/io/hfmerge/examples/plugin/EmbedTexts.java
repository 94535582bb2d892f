package io.hfmerge.examples.plugin;

import ai.djl.ModelException;
import ai.djl.inference.Predictor;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import java.io.IOException;

/** How alike two texts are: the cosine of their embeddings. */
public final class EmbedTexts {

  private EmbedTexts() {}

  /** Arguments: a model URL, two texts. */
  public static void main(String... arguments) throws Exception {
    System.out.println(cosine(arguments[0], arguments[1], arguments[2]));
  }

  static double cosine(String url, String first, String second)
      throws IOException, ModelException, TranslateException {
    Criteria<String, float[]> criteria =
        Criteria.builder()
            .setTypes(String.class, float[].class)
            .optModelUrls(url)
            .optArgument("task", "embedding") // whatever head the model has
            .build();
    try (ZooModel<String, float[]> model = criteria.loadModel();
        Predictor<String, float[]> predictor = model.newPredictor()) {
      float[] a = predictor.predict(first);
      float[] b = predictor.predict(second);
      return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
    }
  }

  private static double product(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }
}
