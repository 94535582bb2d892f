package io.hfmerge.hf.output;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.RemoteFile;
import io.hfmerge.hf.checksum.Crc32c;
import io.hfmerge.hf.json.JsonText;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@code hfmerge.json} says of a folder that can be checked later.
 *
 * @param inputs what it was made from
 * @param tensors by name, in the output's order
 * @param files everything in the folder but the manifest, by name relative to it with slashes
 */
record Manifest(
    List<InputIdentity> inputs, Map<String, TensorEntry> tensors, Map<String, FileEntry> files) {

  /** Name of the file in the output folder. */
  static final String FILE = "hfmerge.json";

  private static final String SCHEMA = "hfmerge.manifest/1";

  /** Far above that of any real model (60,000 tensors take 8 MB). */
  private static final long MAX_BYTES = 200_000_000;

  /**
   * A tensor.
   *
   * @param spec name, dtype and shape
   * @param checksum CRC-32C of its bytes
   */
  record TensorEntry(TensorSpec spec, int checksum) {}

  /**
   * A file.
   *
   * @param checksum CRC-32C of its bytes
   * @param sha256 its SHA-256, where that was asked for
   */
  record FileEntry(long sizeBytes, int checksum, Optional<String> sha256) {}

  /**
   * Where the weights come from, for people and for making them again.
   *
   * @param version of hfmerge
   * @param making what was asked for, by key: of a merge the recipe's text and the seed used, of a
   *     conversion what was converted to what
   * @param parameters what each tensor is made of
   * @param notes lines of the report
   */
  record Provenance(
      String version, Map<String, Object> making, ParameterGroups parameters, List<String> notes) {

    Provenance {
      making = Collections.unmodifiableMap(new LinkedHashMap<>(making));
      notes = List.copyOf(notes);
    }
  }

  Manifest {
    inputs = List.copyOf(inputs);
    tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    files = Collections.unmodifiableMap(new LinkedHashMap<>(files));
  }

  /** Creates the file in a folder. */
  void write(Path folder, Provenance provenance) throws IOException {
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("schema", SCHEMA);
    root.put("hfmerge", provenance.version());
    root.putAll(provenance.making());
    root.put("notes", provenance.notes());
    root.put("inputs", inputs.stream().map(Manifest::json).toList());
    root.put("parameters", provenance.parameters().groups());
    Map<String, Object> tensorEntries = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("dtype", tensor.spec().dtype().name());
      entry.put("shape", tensor.spec().shape().dimensions());
      entry.put("crc32c", Crc32c.text(tensor.checksum()));
      Integer group = provenance.parameters().groupByTensor().get(name);
      if (group != null) {
        entry.put("parameters", group);
      }
      tensorEntries.put(name, entry);
    });
    root.put("tensors", tensorEntries);
    Map<String, Object> fileEntries = new LinkedHashMap<>();
    files.forEach((name, file) -> {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("bytes", file.sizeBytes());
      entry.put("crc32c", Crc32c.text(file.checksum()));
      file.sha256().ifPresent(hash -> entry.put("sha256", hash));
      fileEntries.put(name, entry);
    });
    root.put("files", fileEntries);
    root.put("machine", Machine.describe());
    Files.writeString(folder.resolve(FILE), JsonText.lines(root));
  }

  private static Map<String, Object> json(InputIdentity input) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("reference", input.reference());
    input.revision().ifPresent(revision -> json.put("revision", revision));
    List<Map<String, Object>> entries = new ArrayList<>();
    for (FileIdentity file : input.files()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("path", file.path().toString());
      entry.put("bytes", file.sizeBytes());
      entry.put("modified", file.modified().toString());
      file.headerSha256().ifPresent(hash -> entry.put("header_sha256", hash));
      file.hub()
          .ifPresent(hub -> {
            entry.put("hub_commit", hub.commit());
            hub.sha256().ifPresent(hash -> entry.put("hub_sha256", hash));
          });
      file.sha256().ifPresent(hash -> entry.put("sha256", hash));
      entries.add(entry);
    }
    json.put("files", entries);
    if (!input.remote().isEmpty()) {
      json.put("remote", input.remote().stream().map(Manifest::json).toList());
    }
    return json;
  }

  private static Map<String, Object> json(RemoteFile file) {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("address", file.address());
    entry.put("bytes", file.sizeBytes());
    entry.put("hub_commit", file.commit());
    file.sha256().ifPresent(hash -> entry.put("hub_sha256", hash));
    return entry;
  }

  /**
   * Reads the file of a folder.
   *
   * @throws MalformedCheckpointException if it is no manifest
   * @throws IOException if it cannot be read
   */
  static Manifest read(Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    long size = Files.size(file);
    if (size > MAX_BYTES) {
      throw new MalformedCheckpointException(
          "%s: expected at most %d bytes, found %d".formatted(file, MAX_BYTES, size));
    }
    JsonMapper json =
        JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
    try {
      JsonNode root = json.readTree(Files.readAllBytes(file));
      String schema = root.required("schema").asString();
      if (!schema.equals(SCHEMA)) {
        throw new MalformedCheckpointException(
            "%s: expected schema %s, found %s".formatted(file, SCHEMA, schema));
      }
      Map<String, TensorEntry> tensors = new LinkedHashMap<>();
      root.required("tensors")
          .propertyStream()
          .forEach(entry -> tensors.put(entry.getKey(), tensor(entry.getKey(), entry.getValue())));
      Map<String, FileEntry> files = new LinkedHashMap<>();
      root.required("files")
          .propertyStream()
          .forEach(entry -> files.put(entry.getKey(), file(entry.getValue())));
      List<InputIdentity> inputs = new ArrayList<>();
      root.required("inputs").forEach(input -> inputs.add(input(input)));
      return new Manifest(inputs, tensors, files);
    } catch (JacksonException e) {
      throw new MalformedCheckpointException(
          file + ": expected a manifest, found: " + e.getOriginalMessage(), e);
    } catch (IllegalArgumentException | ArithmeticException | DateTimeException e) {
      throw new MalformedCheckpointException(
          file + ": expected a manifest, found: " + e.getMessage(), e);
    }
  }

  private static TensorEntry tensor(String name, JsonNode node) {
    String dtype = node.required("dtype").asString();
    List<Long> dimensions = new ArrayList<>();
    node.required("shape").forEach(dimension -> dimensions.add(dimension.asLong()));
    return new TensorEntry(
        new TensorSpec(
            name,
            DType.ofSafetensorsName(dtype)
                .orElseThrow(() -> new IllegalArgumentException("dtype " + dtype)),
            Shape.of(dimensions.stream().mapToLong(Long::longValue).toArray())),
        Crc32c.parse(node.required("crc32c").asString()));
  }

  private static FileEntry file(JsonNode node) {
    return new FileEntry(
        node.required("bytes").asLong(),
        Crc32c.parse(node.required("crc32c").asString()),
        text(node, "sha256"));
  }

  private static InputIdentity input(JsonNode node) {
    List<FileIdentity> files = new ArrayList<>();
    for (JsonNode file : node.required("files")) {
      files.add(
          new FileIdentity(
              path(file.required("path").asString()),
              file.required("bytes").asLong(),
              Instant.parse(file.required("modified").asString()),
              text(file, "header_sha256"),
              text(file, "hub_commit")
                  .map(commit -> new HubOrigin(commit, text(file, "hub_sha256"))),
              text(file, "sha256")));
    }
    List<RemoteFile> remote = new ArrayList<>();
    node.path("remote")
        .forEach(file ->
            remote.add(
                new RemoteFile(
                    file.required("address").asString(),
                    file.required("bytes").asLong(),
                    file.required("hub_commit").asString(),
                    text(file, "hub_sha256"))));
    return new InputIdentity(
        node.required("reference").asString(), text(node, "revision"), files, remote);
  }

  private static Path path(String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("path \"" + text + '"', e);
    }
  }

  private static Optional<String> text(JsonNode node, String key) {
    return Optional.ofNullable(node.get(key)).map(JsonNode::asString);
  }
}
