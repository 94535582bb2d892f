package io.hfmerge.examples.synth;

import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Names, shapes and config of a published model.
 *
 * @param name what {@code --like} takes
 * @param config its {@code config.json} without the dtype
 * @param shapes shape by tensor name, in file order
 */
record Geometry(String name, Map<String, Object> config, Map<String, Shape> shapes) {

  /** All that are known, the small ones first. */
  static List<Geometry> all() {
    return List.of(
        gpt2("gpt2", 12, 768, 12),
        gpt2("gpt2-large", 36, 1280, 20),
        llama("tinyllama-1.1b", 22, 2048, 32, 4, 5632),
        gptj("gpt-j-6b", 28, 4096, 16));
  }

  static Optional<Geometry> find(String name) {
    return all().stream().filter(g -> g.name().equals(name)).findFirst();
  }

  List<TensorSpec> specs(DType dtype) {
    List<TensorSpec> specs = new ArrayList<>();
    shapes.forEach((tensor, shape) -> specs.add(new TensorSpec(tensor, dtype, shape)));
    return specs;
  }

  private static Geometry gpt2(String name, int layers, int width, int heads) {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("architectures", List.of("GPT2LMHeadModel"));
    config.put("model_type", "gpt2");
    config.put("n_layer", layers);
    config.put("n_embd", width);
    config.put("n_head", heads);
    config.put("n_positions", 1024);
    config.put("vocab_size", 50257);
    config.put("activation_function", "gelu_new");
    config.put("layer_norm_epsilon", 1e-5);
    Map<String, Shape> shapes = new LinkedHashMap<>();
    shapes.put("wte.weight", Shape.of(50257, width));
    shapes.put("wpe.weight", Shape.of(1024, width));
    for (int layer = 0; layer < layers; layer++) {
      String h = "h." + layer + ".";
      weightAndBias(shapes, h + "ln_1", Shape.of(width), width);
      weightAndBias(shapes, h + "attn.c_attn", Shape.of(width, 3L * width), 3L * width);
      weightAndBias(shapes, h + "attn.c_proj", Shape.of(width, width), width);
      weightAndBias(shapes, h + "ln_2", Shape.of(width), width);
      weightAndBias(shapes, h + "mlp.c_fc", Shape.of(width, 4L * width), 4L * width);
      weightAndBias(shapes, h + "mlp.c_proj", Shape.of(4L * width, width), width);
    }
    weightAndBias(shapes, "ln_f", Shape.of(width), width);
    return new Geometry(name, config, shapes);
  }

  private static Geometry gptj(String name, int layers, int width, int heads) {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("architectures", List.of("GPTJForCausalLM"));
    config.put("model_type", "gptj");
    config.put("n_layer", layers);
    config.put("n_embd", width);
    config.put("n_head", heads);
    config.put("n_positions", 2048);
    config.put("rotary_dim", 64);
    config.put("vocab_size", 50400);
    config.put("activation_function", "gelu_new");
    config.put("layer_norm_epsilon", 1e-5);
    config.put("tie_word_embeddings", false);
    Map<String, Shape> shapes = new LinkedHashMap<>();
    shapes.put("transformer.wte.weight", Shape.of(50400, width));
    for (int layer = 0; layer < layers; layer++) {
      String h = "transformer.h." + layer + ".";
      weightAndBias(shapes, h + "ln_1", Shape.of(width), width);
      for (String projection : List.of("q_proj", "k_proj", "v_proj", "out_proj")) {
        shapes.put(h + "attn." + projection + ".weight", Shape.of(width, width));
      }
      weightAndBias(shapes, h + "mlp.fc_in", Shape.of(4L * width, width), 4L * width);
      weightAndBias(shapes, h + "mlp.fc_out", Shape.of(width, 4L * width), width);
    }
    weightAndBias(shapes, "transformer.ln_f", Shape.of(width), width);
    weightAndBias(shapes, "lm_head", Shape.of(50400, width), 50400);
    return new Geometry(name, config, shapes);
  }

  private static Geometry llama(
      String name, int layers, int width, int heads, int kvHeads, int mlpWidth) {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("architectures", List.of("LlamaForCausalLM"));
    config.put("model_type", "llama");
    config.put("num_hidden_layers", layers);
    config.put("hidden_size", width);
    config.put("num_attention_heads", heads);
    config.put("num_key_value_heads", kvHeads);
    config.put("intermediate_size", mlpWidth);
    config.put("max_position_embeddings", 2048);
    config.put("vocab_size", 32000);
    config.put("hidden_act", "silu");
    config.put("rms_norm_eps", 1e-5);
    config.put("rope_theta", 10000.0);
    config.put("tie_word_embeddings", false);
    long kvWidth = (long) width / heads * kvHeads;
    Map<String, Shape> shapes = new LinkedHashMap<>();
    shapes.put("model.embed_tokens.weight", Shape.of(32000, width));
    for (int layer = 0; layer < layers; layer++) {
      String prefix = "model.layers." + layer + ".";
      shapes.put(prefix + "input_layernorm.weight", Shape.of(width));
      shapes.put(prefix + "self_attn.q_proj.weight", Shape.of(width, width));
      shapes.put(prefix + "self_attn.k_proj.weight", Shape.of(kvWidth, width));
      shapes.put(prefix + "self_attn.v_proj.weight", Shape.of(kvWidth, width));
      shapes.put(prefix + "self_attn.o_proj.weight", Shape.of(width, width));
      shapes.put(prefix + "post_attention_layernorm.weight", Shape.of(width));
      shapes.put(prefix + "mlp.gate_proj.weight", Shape.of(mlpWidth, width));
      shapes.put(prefix + "mlp.up_proj.weight", Shape.of(mlpWidth, width));
      shapes.put(prefix + "mlp.down_proj.weight", Shape.of(width, mlpWidth));
    }
    shapes.put("model.norm.weight", Shape.of(width));
    shapes.put("lm_head.weight", Shape.of(32000, width));
    return new Geometry(name, config, shapes);
  }

  private static void weightAndBias(
      Map<String, Shape> shapes, String module, Shape weight, long bias) {
    shapes.put(module + ".weight", weight);
    shapes.put(module + ".bias", Shape.of(bias));
  }
}
