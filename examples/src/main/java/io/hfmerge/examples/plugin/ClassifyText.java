package io.hfmerge.examples.plugin;

import ai.djl.ModelException;
import ai.djl.inference.Predictor;
import ai.djl.modality.Classifications;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import java.io.IOException;

/** The class of a text, by a sequence classifier. */
public final class ClassifyText {

  private ClassifyText() {}

  /** Arguments: a model URL, a text. */
  public static void main(String... arguments) throws Exception {
    System.out.println(classify(arguments[0], arguments[1]));
  }

  static Classifications classify(String url, String text)
      throws IOException, ModelException, TranslateException {
    Criteria<String, Classifications> criteria =
        Criteria.builder().setTypes(String.class, Classifications.class).optModelUrls(url).build();
    try (ZooModel<String, Classifications> model = criteria.loadModel();
        Predictor<String, Classifications> predictor = model.newPredictor()) {
      return predictor.predict(text);
    }
  }
}
