package io.hfmerge.hf.files;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.json.PythonJson;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.TreeSet;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * {@code model.safetensors.index.json} or {@code pytorch_model.bin.index.json}: which file of its
 * folder holds which tensor. Of its {@code metadata} only the size is read, and not believed.
 *
 * @param index the index file
 * @param fileByTensor name of the shard for each tensor name
 * @param totalSize bytes of all tensors, as the metadata says; empty if it does not
 */
public record ShardIndex(Path index, Map<String, String> fileByTensor, OptionalLong totalSize) {

  /** Far above any real index (a 60,000-tensor one has 6 MB). */
  private static final long MAX_INDEX_BYTES = 200_000_000;

  /** Up to which every whole number is a double. */
  private static final double MAX_EXACT = 0x1p53;

  public ShardIndex {
    fileByTensor = Collections.unmodifiableMap(new LinkedHashMap<>(fileByTensor));
  }

  /**
   * Reads and checks an index.
   *
   * @throws MalformedCheckpointException if it is no index, or names a file that is not beside it
   * @throws IOException if it cannot be read
   */
  public static ShardIndex read(Path index) throws IOException {
    long size = Files.size(index);
    if (size > MAX_INDEX_BYTES) {
      throw new MalformedCheckpointException(
          "%s: expected an index of at most %d bytes, found %d"
              .formatted(index, MAX_INDEX_BYTES, size));
    }
    Map<String, String> weightMap = new LinkedHashMap<>();
    boolean found = false;
    OptionalLong totalSize = OptionalLong.empty();
    try (JsonParser json =
        JsonFactory.builder()
            .build()
            .createParser(ObjectReadContext.empty(), Files.readAllBytes(index))) {
      expect(index, json, json.nextToken(), JsonToken.START_OBJECT, "an object");
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String name = json.currentName();
        boolean isMap = name.equals("weight_map");
        JsonToken value = json.nextToken();
        if (!isMap) {
          if (name.equals("metadata") && value == JsonToken.START_OBJECT) {
            totalSize = totalSize(json);
          }
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
    return new ShardIndex(index, weightMap, totalSize);
  }

  /** Reads the metadata to its end; some writers have the size as 1.0e9. */
  private static OptionalLong totalSize(JsonParser json) {
    OptionalLong found = OptionalLong.empty();
    while (json.nextToken() != JsonToken.END_OBJECT) {
      boolean isSize = json.currentName().equals("total_size");
      JsonToken value = json.nextToken();
      if (isSize
          && (value == JsonToken.VALUE_NUMBER_INT || value == JsonToken.VALUE_NUMBER_FLOAT)) {
        double size = json.getDoubleValue();
        if (size >= 0 && size < MAX_EXACT && size == Math.rint(size)) {
          found = OptionalLong.of((long) size);
        }
      }
      json.skipChildren();
    }
    return found;
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

  /** Names of the shards, sorted. */
  public List<String> names() {
    return List.copyOf(new TreeSet<>(fileByTensor.values()));
  }

  /**
   * The shards, by name.
   *
   * @throws MalformedCheckpointException if one is missing or a link that leaves the folder
   * @throws IOException if a link cannot be followed
   */
  public List<Path> paths() throws IOException {
    List<Path> paths = new ArrayList<>();
    for (String file : names()) {
      Path path = index.resolveSibling(file);
      if (!Files.isRegularFile(path)) {
        throw new MalformedCheckpointException(
            "%s: expected shard %s beside it, found no such file; fetch it again"
                .formatted(index, file));
      }
      LinkRule.check(index.toAbsolutePath().normalize().resolveSibling(""), path);
      paths.add(path);
    }
    return paths;
  }

  /**
   * Writes an index as transformers does: two spaces of indent, sorted names, a final line break;
   * and forces it to the disk.
   *
   * @param index file to create
   * @param tensorsByFile tensors by the name of the file that holds them
   * @throws IOException if it cannot be written or is already there
   */
  public static void write(Path index, Map<String, List<TensorSpec>> tensorsByFile)
      throws IOException {
    Map<String, String> weightMap = new TreeMap<>();
    long totalSize = 0;
    long totalParameters = 0;
    for (Map.Entry<String, List<TensorSpec>> file : tensorsByFile.entrySet()) {
      for (TensorSpec tensor : file.getValue()) {
        weightMap.put(tensor.name(), file.getKey());
        totalSize += tensor.sizeBytes();
        totalParameters += tensor.elements();
      }
    }
    Map<String, Object> json = new LinkedHashMap<>();
    Map<String, Long> metadata = new LinkedHashMap<>();
    metadata.put("total_parameters", totalParameters);
    metadata.put("total_size", totalSize);
    json.put("metadata", metadata);
    json.put("weight_map", weightMap);
    Files.writeString(index, PythonJson.write(json), StandardOpenOption.CREATE_NEW);
    try (FileChannel channel = FileChannel.open(index, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }
}
