package io.hfmerge.examples.readme;

import ai.djl.ModelException;
import ai.djl.inference.Predictor;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import java.io.IOException;

/** A model by URL, through DJL's own interfaces. */
public final class PluginSample {

  private PluginSample() {}

  /** The embedding of a text. */
  public static float[] embedding(String url, String text)
      throws IOException, ModelException, TranslateException {
    // [begin README plugin]
    Criteria<String, float[]> criteria =
        Criteria.builder()
            .setTypes(String.class, float[].class)
            .optModelUrls(url) // hf://owner/name, hf:///folder, hfmerge:///recipe.yaml
            .build();
    try (ZooModel<String, float[]> model = criteria.loadModel();
        Predictor<String, float[]> predictor = model.newPredictor()) {
      return predictor.predict(text);
    }
    // [end README plugin]
  }
}
