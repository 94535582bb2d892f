package io.hfmerge.hf.hub;

import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.hf.lora.Adapter;
import io.hfmerge.hf.lora.AdapterConfig;
import io.hfmerge.hf.output.CompanionFiles;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which files of a repository a model is made of: weights in one format, safetensors before
 * PyTorch's, and what belongs beside them. Everything else stays where it is.
 *
 * @param beside config, tokenizer and other companion files, the card, an adapter's config
 * @param weights files of weights; empty where an index names them
 * @param index the index that names them
 * @param file the one file of weights that the reference named
 */
record HubSelection(
    List<HubFile> beside, List<HubFile> weights, Optional<HubFile> index, Optional<HubFile> file) {

  /** In transformers' order: a file and the index of its shards, for each format. */
  private static final List<String> WEIGHTS =
      List.of(
          "model.safetensors",
          "model.safetensors.index.json",
          "pytorch_model.bin",
          "pytorch_model.bin.index.json");

  private static final String INDEX_ENDING = ".index.json";
  private static final String SAFETENSORS_ENDING = ".safetensors";

  /** Of files of weights that a reference may name. */
  private static final List<String> FILE_ENDINGS =
      List.of(SAFETENSORS_ENDING, ".bin", ".pt", ".pth", ".ckpt");

  private static final List<String> OTHERS = List.of("config.json", "README.md");
  private static final int MAX_SHOWN = 8;

  HubSelection {
    beside = List.copyOf(beside);
    weights = List.copyOf(weights);
  }

  /**
   * Chooses.
   *
   * @param files of the whole repository
   * @param place where these are, for messages
   * @throws UnresolvedReferenceException if there are no weights among them
   */
  static HubSelection of(HubReference reference, List<HubFile> files, String place) {
    Optional<HubFile> named =
        files.stream()
            .filter(file -> reference.subfolder().filter(file.path()::equals).isPresent())
            .filter(file -> FILE_ENDINGS.stream().anyMatch(file.path()::endsWith))
            .findFirst();
    String folder =
        named
            .map(file -> file.path().substring(0, file.path().lastIndexOf('/') + 1))
            .orElse(reference.subfolder().map(name -> name + "/").orElse(""));
    Map<String, HubFile> byName = new LinkedHashMap<>();
    for (HubFile file : files) {
      if (file.path().startsWith(folder)) {
        byName.put(file.path().substring(folder.length()), file);
      }
    }
    List<HubFile> beside = new ArrayList<>();
    byName.forEach((name, file) -> {
      if (OTHERS.contains(name) || CompanionFiles.isCompanion(name)) {
        beside.add(file);
      }
    });
    if (named.isPresent()) {
      return new HubSelection(beside, List.of(named.get()), Optional.empty(), named);
    }
    List<HubFile> weights = new ArrayList<>();
    Optional<HubFile> index = Optional.empty();
    for (String name : WEIGHTS) {
      HubFile file = byName.get(name);
      if (file != null) {
        if (name.endsWith(INDEX_ENDING)) {
          index = Optional.of(file);
        } else {
          weights.add(file);
        }
        break;
      }
    }
    HubFile adapterConfig = byName.get(AdapterConfig.FILE);
    if (adapterConfig != null) {
      beside.add(adapterConfig);
      // beside a model's own weights, an adapter is one of its small files
      List<HubFile> its = weights.isEmpty() && index.isEmpty() ? weights : beside;
      Adapter.FILES.stream()
          .filter(byName::containsKey)
          .findFirst()
          .map(byName::get)
          .ifPresent(its::add);
    }
    if (weights.isEmpty() && index.isEmpty()) {
      throw new UnresolvedReferenceException(
          "%s%s: expected model.safetensors, pytorch_model.bin, an index of either or an adapter in %s,"
                  .formatted(
                      reference.describe(),
                      reference.subfolder().map(name -> ":" + name).orElse(""),
                      place)
              + " found "
              + (byName.isEmpty() ? "no files" : shown(List.copyOf(byName.keySet()))));
    }
    return new HubSelection(beside, weights, index, Optional.empty());
  }

  private static String shown(List<String> names) {
    return names.size() <= MAX_SHOWN
        ? String.join(", ", names)
        : String.join(", ", names.subList(0, MAX_SHOWN))
            + " and "
            + (names.size() - MAX_SHOWN)
            + " more";
  }

  /** Whether the weights are safetensors; else they are PyTorch's. */
  boolean isSafetensors() {
    return index.filter(file -> !file.path().endsWith(SAFETENSORS_ENDING + INDEX_ENDING)).isEmpty()
        && weights.stream().allMatch(file -> file.path().endsWith(SAFETENSORS_ENDING));
  }
}
