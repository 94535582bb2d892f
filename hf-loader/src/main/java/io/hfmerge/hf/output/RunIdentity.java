package io.hfmerge.hf.output;

import io.hfmerge.hf.checksum.Sha256;
import io.hfmerge.hf.json.JsonText;
import io.hfmerge.hf.safetensors.SafetensorsWriter;
import io.hfmerge.plan.MergePlan;
import io.hfmerge.plan.PlannedTensor;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Everything that the bytes of a merge's weights depend on: what an interrupted merge was begun
 * with must be what it is continued with.
 *
 * @param version of hfmerge
 * @param recipe its text
 * @param seed the one used
 * @param plan SHA-256 of every tensor's sources and resolved parameters
 * @param layout SHA-256 of the headers of the files of weights
 * @param inputs fingerprints of the files read
 */
record RunIdentity(
    String version, String recipe, long seed, String plan, String layout, List<String> inputs) {

  RunIdentity {
    inputs = List.copyOf(inputs);
  }

  static RunIdentity of(
      MergePlan plan,
      ParameterGroups groups,
      String recipeText,
      List<InputIdentity> inputs,
      MergeSettings settings) {
    return new RunIdentity(
        settings.version(),
        recipeText,
        plan.recipe().seed(),
        Sha256.of(sources(plan, groups).getBytes(StandardCharsets.UTF_8)),
        SafetensorsWriter.layoutSha256(plan.layout(), settings.maxShardBytes()),
        inputs.stream().flatMap(InputIdentity::fingerprints).toList());
  }

  private static String sources(MergePlan plan, ParameterGroups groups) {
    StringBuilder text = new StringBuilder(JsonText.line(groups.groups()));
    text.append(plan.recipe().compatibility());
    for (PlannedTensor tensor : plan.tensors()) {
      String name = tensor.output().name();
      text.append('\n').append(name).append('\t').append(groups.groupByTensor().get(name));
      tensor.sources().forEach(source -> text.append('\t').append(source.tensor().name()));
    }
    return text.toString();
  }

  /** What another run was begun with that this one is not; a line each, empty if they are equal. */
  List<String> differencesFrom(RunIdentity begun) {
    List<String> differences = new ArrayList<>();
    if (!version.equals(begun.version)) {
      differences.add("begun by hfmerge " + begun.version + ", this is " + version);
    }
    if (!recipe.equals(begun.recipe)) {
      differences.add("begun with another recipe");
    } else if (seed != begun.seed) {
      differences.add("begun with seed " + begun.seed + ", this is " + seed);
    } else if (!plan.equals(begun.plan)) {
      differences.add("begun with other parameters or sources of some tensors");
    }
    if (!layout.equals(begun.layout)) {
      differences.add("begun with other tensors, dtypes or shards (--dtype, --max-shard-size)");
    }
    TreeSet<String> gone = new TreeSet<>(begun.inputs);
    inputs.forEach(gone::remove);
    TreeSet<String> come = new TreeSet<>(inputs);
    begun.inputs.forEach(come::remove);
    gone.forEach(input -> differences.add("begun from " + input));
    come.forEach(input -> differences.add("asked for " + input));
    if (differences.isEmpty() && !equals(begun)) {
      differences.add("begun with the inputs in another order");
    }
    return differences;
  }

  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("version", version);
    json.put("recipe", recipe);
    json.put("seed", seed);
    json.put("plan", plan);
    json.put("layout", layout);
    json.put("inputs", inputs);
    return json;
  }
}
