package io.hfmerge.hf.lora;

import io.hfmerge.hf.json.PythonJson;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * What the {@code adapter_config.json} of an adapter says whose factors carry their scale: alpha is
 * the rank of every module, so that the update is {@code B A}.
 *
 * @param baseModel what it applies to
 * @param taskType PEFT's task, e.g. {@code CAUSAL_LM}
 * @param ranks rank of every module, by its name in the model
 * @param modulesToSave modules stored whole
 * @param fanInFanOut whether weights are stored {@code [in, out]}
 * @param biases whether biases of adapted modules are stored whole
 * @param loraBias whether updates have biases of their own
 */
public record AdapterSettings(
    Optional<String> baseModel,
    Optional<String> taskType,
    SequencedMap<String, Integer> ranks,
    List<String> modulesToSave,
    boolean fanInFanOut,
    boolean biases,
    boolean loraBias) {

  public AdapterSettings {
    ranks = java.util.Collections.unmodifiableSequencedMap(new LinkedHashMap<>(ranks));
    modulesToSave = List.copyOf(modulesToSave);
  }

  /** The config as PEFT writes it: sorted keys, two spaces of indent. */
  public String json() {
    int rank = usualRank();
    Map<String, Integer> others = new TreeMap<>();
    ranks.forEach((module, other) -> {
      if (other != rank) {
        others.put(module, other);
      }
    });
    Map<String, Object> config = new TreeMap<>();
    config.put("alpha_pattern", others);
    config.put("bias", biases ? "all" : "none");
    config.put("fan_in_fan_out", fanInFanOut);
    config.put("inference_mode", true);
    config.put("init_lora_weights", true);
    config.put("lora_alpha", rank);
    config.put("lora_dropout", 0.0);
    config.put("peft_type", "LORA");
    config.put("r", rank);
    config.put("rank_pattern", others);
    config.put("target_modules", List.copyOf(ranks.keySet()));
    config.put("use_dora", false);
    config.put("use_rslora", false);
    baseModel.ifPresent(name -> config.put("base_model_name_or_path", name));
    taskType.ifPresent(name -> config.put("task_type", name));
    if (!modulesToSave.isEmpty()) {
      config.put("modules_to_save", modulesToSave);
    }
    if (loraBias) {
      config.put("lora_bias", true);
    }
    return PythonJson.write(config);
  }

  /** The rank of most modules, so that few need a pattern of their own. */
  private int usualRank() {
    Map<Integer, Integer> counts = new TreeMap<>();
    ranks.values().forEach(rank -> counts.merge(rank, 1, Integer::sum));
    return counts.entrySet().stream()
        .max(Map.Entry.comparingByValue())
        .map(Map.Entry::getKey)
        .orElse(1);
  }

  /** Name of the tensor A of a module in the adapter's file. */
  public static String nameOfA(String module, boolean embedding) {
    return name(module, embedding ? AdapterTensorName.Part.EMBEDDING_A : AdapterTensorName.Part.A);
  }

  /** Name of the tensor B of a module. */
  public static String nameOfB(String module, boolean embedding) {
    return name(module, embedding ? AdapterTensorName.Part.EMBEDDING_B : AdapterTensorName.Part.B);
  }

  /** Name of what an update adds to a module's bias. */
  public static String nameOfBias(String module) {
    return name(module, AdapterTensorName.Part.B_BIAS);
  }

  /** Name of a tensor stored whole. */
  public static String nameOfWhole(String tensor) {
    return AdapterTensorName.PREFIX + tensor;
  }

  /** Name of a bias stored whole whose module has an update too. */
  public static String nameOfWrapped(String module, String parameter) {
    return AdapterTensorName.PREFIX + module + ".base_layer." + parameter;
  }

  private static String name(String module, AdapterTensorName.Part part) {
    return AdapterTensorName.PREFIX + module + '.' + part.ending();
  }
}
