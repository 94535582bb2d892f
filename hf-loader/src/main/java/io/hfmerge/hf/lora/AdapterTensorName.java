package io.hfmerge.hf.lora;

import java.util.Optional;

/**
 * The name of a tensor in an adapter's file, taken apart.
 *
 * @param module the module in the model that the adapter was trained on
 * @param part what it is of the module
 * @param parameter for {@link Part#WHOLE} the parameter's name, {@code weight} or {@code bias};
 *     else empty
 * @param wrapped whether a whole tensor is the one under a LoRA layer ({@code base_layer})
 */
record AdapterTensorName(String module, Part part, String parameter, boolean wrapped) {

  /** PEFT wraps the model twice, and its names say so. */
  static final String PREFIX = "base_model.model.";

  /** As PEFT before 0.11 wrote it. */
  private static final String OLD_MAGNITUDE = ".lora_magnitude_vector.weight";

  private static final String BASE_LAYER = ".base_layer";

  /** What a tensor is of its module. */
  enum Part {
    A("lora_A.weight"),
    B("lora_B.weight"),
    B_BIAS("lora_B.bias"),
    EMBEDDING_A("lora_embedding_A"),
    EMBEDDING_B("lora_embedding_B"),
    MAGNITUDE("lora_magnitude_vector"),
    WHOLE("");

    private final String ending;

    Part(String ending) {
      this.ending = ending;
    }

    /** End of the name of a tensor that is written. */
    String ending() {
      return ending;
    }
  }

  /** Takes a name apart; empty if it is none of PEFT's. */
  static Optional<AdapterTensorName> parse(String name) {
    if (!name.startsWith(PREFIX)) {
      return Optional.empty();
    }
    String path = name.substring(PREFIX.length());
    String today = path.endsWith(OLD_MAGNITUDE) ? path.substring(0, path.lastIndexOf('.')) : path;
    for (Part part : Part.values()) {
      String ending = '.' + part.ending();
      if (part != Part.WHOLE && today.endsWith(ending) && today.length() > ending.length()) {
        String module = today.substring(0, today.length() - ending.length());
        return Optional.of(new AdapterTensorName(module, part, "", false));
      }
    }
    int dot = path.lastIndexOf('.');
    if (dot <= 0 || path.contains("lora_")) {
      return Optional.empty();
    }
    String module = path.substring(0, dot);
    boolean wrapped = module.endsWith(BASE_LAYER) && module.length() > BASE_LAYER.length();
    return Optional.of(
        new AdapterTensorName(
            wrapped ? module.substring(0, module.length() - BASE_LAYER.length()) : module,
            Part.WHOLE,
            path.substring(dot + 1),
            wrapped));
  }

  /** The tensor that a whole one stands for, without PEFT's prefix. */
  String wholeName() {
    return module + '.' + parameter;
  }
}
