package io.hfmerge.analysis;

import io.hfmerge.hf.arch.BalanceTraits;
import io.hfmerge.hf.arch.ModelDimensions;
import io.hfmerge.hf.arch.ModelStructure;
import io.hfmerge.hf.arch.WeightMatrix;
import io.hfmerge.tensor.TensorSpec;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Optional;

/** A structure made of parts. */
public final class FakeStructure {

  private FakeStructure() {}

  /** A known structure of one stack without embeddings. */
  public static ModelStructure of(
      ModelDimensions dimensions, BalanceTraits traits, List<WeightMatrix> matrices) {
    return (ModelStructure)
        Proxy.newProxyInstance(
            ModelStructure.class.getClassLoader(),
            new Class<?>[] {ModelStructure.class},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "modelType" -> "fake";
                  case "known" -> true;
                  case "dimensions" -> Optional.of(dimensions);
                  case "layerMatrices" -> matrices;
                  case "otherMatrices" -> List.of();
                  case "describe" -> ((TensorSpec) arguments[0]).name();
                  case "balanceTraits" -> traits;
                  case "canonical" -> arguments[0];
                  case "isBuffer" -> false;
                  case "layer", "tiedWith" -> Optional.empty();
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }
}
