package io.hfmerge.examples.plugin;

import ai.djl.ModelException;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import io.hfmerge.hf.djl.text.TextTokenizer;
import io.hfmerge.hf.djl.zoo.LoadedBlock;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The likeliest words in the place of a mask: a model's own arrays in and out. */
public final class FillMask {

  private FillMask() {}

  /** Arguments: URL of a masked language model, a text with its mask, such as {@code [MASK]}. */
  public static void main(String... arguments) throws Exception {
    System.out.println(String.join(" ", words(arguments[0], arguments[1], 5)));
  }

  static List<String> words(String url, String text, int count)
      throws IOException, ModelException, TranslateException {
    Criteria<NDList, NDList> criteria =
        Criteria.builder().setTypes(NDList.class, NDList.class).optModelUrls(url).build();
    try (ZooModel<NDList, NDList> model = criteria.loadModel();
        Predictor<NDList, NDList> predictor = model.newPredictor();
        NDManager manager = model.getNDManager().newSubManager()) {
      TextTokenizer tokenizer = ((LoadedBlock) model.getBlock()).tokenizer();
      long mask = tokenizer.maskId().orElseThrow();
      long[] ids = tokenizer.encode(text).ids();
      int place = 0;
      while (ids[place] != mask) {
        place++;
      }
      NDArray logits =
          predictor.predict(new NDList(manager.create(ids).expandDims(0))).singletonOrThrow();
      List<String> words = new ArrayList<>();
      for (long id : logits.get(0, place).argSort(-1, false).toLongArray()) {
        if (words.size() < count) {
          words.add(tokenizer.decode(new long[] {id}, false));
        }
      }
      return words;
    }
  }
}
