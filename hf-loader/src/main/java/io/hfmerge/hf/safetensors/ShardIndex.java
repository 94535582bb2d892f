package io.hfmerge.hf.safetensors;

import io.hfmerge.error.MalformedCheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * {@code model.safetensors.index.json}: which file of its folder holds which tensor. Its {@code
 * metadata} is not believed and not read.
 *
 * @param index the index file
 * @param fileByTensor name of the shard for each tensor name
 */
record ShardIndex(Path index, Map<String, String> fileByTensor) {

  /** Far above any real index (a 60,000-tensor one has 6 MB). */
  private static final long MAX_INDEX_BYTES = 200_000_000;

  static ShardIndex read(Path index) throws IOException {
    long size = Files.size(index);
    if (size > MAX_INDEX_BYTES) {
      throw new MalformedCheckpointException(
          "%s: expected an index of at most %d bytes, found %d"
              .formatted(index, MAX_INDEX_BYTES, size));
    }
    Map<String, String> weightMap = new LinkedHashMap<>();
    boolean found = false;
    try (JsonParser json =
        JsonFactory.builder()
            .build()
            .createParser(ObjectReadContext.empty(), Files.readAllBytes(index))) {
      expect(index, json, json.nextToken(), JsonToken.START_OBJECT, "an object");
      while (json.nextToken() != JsonToken.END_OBJECT) {
        boolean isMap = json.currentName().equals("weight_map");
        JsonToken value = json.nextToken();
        if (!isMap) {
          json.skipChildren();
          continue;
        }
        found = true;
        expect(index, json, value, JsonToken.START_OBJECT, "weight_map as an object");
        while (json.nextToken() != JsonToken.END_OBJECT) {
          String tensor = json.currentName();
          expect(
              index,
              json,
              json.nextToken(),
              JsonToken.VALUE_STRING,
              "a file name for tensor \"" + tensor + '"');
          if (weightMap.put(tensor, json.getString()) != null) {
            throw new MalformedCheckpointException(
                index + ": tensor \"" + tensor + "\" stands twice in weight_map");
          }
        }
      }
    } catch (JacksonException e) {
      throw new MalformedCheckpointException(
          index + ": expected a JSON object, found invalid JSON: " + e.getOriginalMessage(), e);
    }
    if (!found || weightMap.isEmpty()) {
      throw new MalformedCheckpointException(
          index + ": expected a weight_map that names at least one tensor, found none");
    }
    for (Map.Entry<String, String> entry : weightMap.entrySet()) {
      checkFileName(index, entry.getKey(), entry.getValue());
    }
    return new ShardIndex(index, weightMap);
  }

  private static void expect(
      Path index, JsonParser json, JsonToken token, JsonToken expected, String what) {
    if (token != expected) {
      throw new MalformedCheckpointException(
          "%s: at byte %d: expected %s, found %s"
              .formatted(index, json.currentTokenLocation().getByteOffset(), what, token));
    }
  }

  /** A name that could leave the folder is never opened. */
  private static void checkFileName(Path index, String tensor, String file) {
    boolean plain =
        !file.isEmpty()
            && file.indexOf('/') < 0
            && file.indexOf('\\') < 0
            && file.indexOf('\0') < 0
            && !file.equals(".")
            && !file.contains("..");
    if (!plain) {
      throw new MalformedCheckpointException(
          "%s: tensor \"%s\": expected the name of a file beside the index, found \"%s\""
              .formatted(index, tensor, file));
    }
  }

  /**
   * The shards, by name.
   *
   * @throws MalformedCheckpointException if one is missing
   */
  List<Path> paths() {
    List<Path> paths = new ArrayList<>();
    for (String file : new TreeSet<>(fileByTensor.values())) {
      Path path = index.resolveSibling(file);
      if (!Files.isRegularFile(path)) {
        throw new MalformedCheckpointException(
            "%s: expected shard %s beside it, found no such file; fetch it again"
                .formatted(index, file));
      }
      paths.add(path);
    }
    return paths;
  }

  /** Checks that every tensor is in the file that the index names. */
  void check(Function<String, Optional<Path>> location) {
    fileByTensor.forEach((tensor, file) -> {
      Optional<Path> actual = location.apply(tensor);
      if (actual.isEmpty() || !actual.get().getFileName().toString().equals(file)) {
        throw new MalformedCheckpointException(
            "%s: expected tensor \"%s\" in %s, found %s"
                .formatted(
                    index,
                    tensor,
                    file,
                    actual.map(p -> "it in " + p.getFileName()).orElse("it in no shard")));
      }
    });
  }
}
