package io.hfmerge.examples.plugin;

import ai.djl.ModelException;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import io.hfmerge.hf.djl.zoo.LoadedBlock;
import java.io.IOException;
import java.util.Arrays;

/**
 * What an adapter, or a later revision, changes: the scores of the next token by two models. {@code
 * hf://owner/base} and {@code hf://owner/base+owner/adapter}, or {@code hf://owner/name@revision}
 * with a branch, tag or commit.
 */
public final class CompareModels {

  private CompareModels() {}

  /** Arguments: two model URLs, token ids. */
  public static void main(String... arguments) throws Exception {
    long[] ids = Arrays.stream(arguments).skip(2).mapToLong(Long::parseLong).toArray();
    float[] first = scores(arguments[0], ids);
    float[] second = scores(arguments[1], ids);
    double most = 0;
    for (int i = 0; i < first.length; i++) {
      most = Math.max(most, Math.abs(first[i] - second[i]));
    }
    System.out.println("scores differ by at most " + most);
  }

  static float[] scores(String url, long... ids)
      throws IOException, ModelException, TranslateException {
    Criteria<NDList, NDList> criteria =
        Criteria.builder().setTypes(NDList.class, NDList.class).optModelUrls(url).build();
    try (ZooModel<NDList, NDList> model = criteria.loadModel();
        Predictor<NDList, NDList> predictor = model.newPredictor();
        NDManager manager = model.getNDManager().newSubManager()) {
      ((LoadedBlock) model.getBlock())
          .transformer()
          .files()
          .location()
          .revision()
          .ifPresent(commit -> System.out.println(url + " is of " + commit));
      NDArray logits =
          predictor.predict(new NDList(manager.create(ids).expandDims(0))).singletonOrThrow();
      return logits.get(0, ids.length - 1).toFloatArray();
    }
  }
}
