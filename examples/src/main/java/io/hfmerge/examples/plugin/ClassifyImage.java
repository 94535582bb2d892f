package io.hfmerge.examples.plugin;

import ai.djl.ModelException;
import ai.djl.inference.Predictor;
import ai.djl.modality.Classifications;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import java.io.IOException;
import java.nio.file.Path;

/** The class of an image, by a vision transformer. */
public final class ClassifyImage {

  private ClassifyImage() {}

  /** Arguments: a model URL, an image file. */
  public static void main(String... arguments) throws Exception {
    System.out.println(classify(arguments[0], Path.of(arguments[1])));
  }

  static Classifications classify(String url, Path file)
      throws IOException, ModelException, TranslateException {
    Criteria<Image, Classifications> criteria =
        Criteria.builder().setTypes(Image.class, Classifications.class).optModelUrls(url).build();
    try (ZooModel<Image, Classifications> model = criteria.loadModel();
        Predictor<Image, Classifications> predictor = model.newPredictor()) {
      return predictor.predict(ImageFactory.getInstance().fromFile(file));
    }
  }
}
