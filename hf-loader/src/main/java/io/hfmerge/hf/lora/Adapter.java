package io.hfmerge.hf.lora;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.lora.AdapterTensorName.Part;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * An open LoRA or DoRA adapter whose config and tensors agree: every A has its B, shapes fit the
 * ranks, nothing is left over. Owns the checkpoint that it was given until closed. Any number of
 * threads may read.
 */
public final class Adapter implements AutoCloseable {

  /** Names of the weights' file in an adapter's folder; the first that is there counts. */
  public static final List<String> FILES =
      List.of("adapter_model.safetensors", "adapter_model.bin");

  /** Elements of A or B, which are decoded whole. */
  private static final long MAX_FACTOR_ELEMENTS = 1L << 30;

  private final AdapterConfig config;
  private final Checkpoint checkpoint;
  private final SequencedMap<String, AdapterModule> modules = new LinkedHashMap<>();
  private final SequencedMap<String, TensorSpec> whole = new LinkedHashMap<>();

  private Adapter(AdapterConfig config, Checkpoint checkpoint) {
    this.config = config;
    this.checkpoint = checkpoint;
  }

  /**
   * Checks and groups the tensors; reads none. Closes the checkpoint if it refuses it.
   *
   * @throws MalformedCheckpointException if tensors are missing, left over or of the wrong shape
   * @throws UnsupportedFeatureException if factors are too large
   */
  public static Adapter of(AdapterConfig config, Checkpoint checkpoint) throws IOException {
    Adapter adapter = new Adapter(config, checkpoint);
    try {
      adapter.group();
      return adapter;
    } catch (RuntimeException e) {
      checkpoint.close();
      throw e;
    }
  }

  private void group() {
    Map<String, Map<Part, TensorSpec>> byModule = new LinkedHashMap<>();
    for (TensorSpec spec : checkpoint.tensors()) {
      AdapterTensorName name =
          AdapterTensorName.parse(spec.name())
              .orElseThrow(() ->
                  malformed(
                      spec.name(),
                      "a name such as " + AdapterTensorName.PREFIX + "MODULE.lora_A.weight",
                      "this name"));
      if (!spec.dtype().isFloat()) {
        throw malformed(spec.name(), "a float dtype", spec.describe());
      }
      if (name.part() == Part.WHOLE) {
        addWhole(name, spec);
      } else if (byModule
              .computeIfAbsent(name.module(), module -> new EnumMap<>(Part.class))
              .put(name.part(), spec)
          != null) {
        throw malformed(spec.name(), "one such tensor", "two spellings of it");
      }
    }
    byModule.forEach((module, parts) -> modules.put(module, module(module, parts)));
    if (modules.isEmpty() && whole.isEmpty()) {
      throw new MalformedCheckpointException(
          checkpoint.id() + ": expected an adapter's tensors, found none");
    }
  }

  private void addWhole(AdapterTensorName name, TensorSpec spec) {
    boolean bias = name.parameter().equals("bias") && config.bias() != AdapterConfig.Bias.NONE;
    // PEFT adds the embeddings of a model whose embeddings are adapted or resized
    boolean embedding = name.parameter().equals("weight") && isVocabulary(name.module());
    if (!bias && !config.isSaved(name.module()) && !embedding) {
      throw malformed(
          spec.name(),
          "tensors of target_modules, modules_to_save or biases that %s names"
              .formatted(config.source()),
          "a tensor of neither");
    }
    if (whole.put(name.wholeName(), spec) != null) {
      throw malformed(spec.name(), "one such tensor", "two spellings of it");
    }
  }

  /** As PEFT's {@code EMBEDDING_LAYER_NAMES}. */
  private static boolean isVocabulary(String module) {
    String last = module.substring(module.lastIndexOf('.') + 1);
    return last.equals("embed_tokens") || last.equals("lm_head");
  }

  private AdapterModule module(String module, Map<Part, TensorSpec> parts) {
    boolean embedding = parts.containsKey(Part.EMBEDDING_A) || parts.containsKey(Part.EMBEDDING_B);
    if (!config.isAdapted(module)) {
      throw malformed(
          parts.values().iterator().next().name(),
          "tensors of the modules that target_modules in %s means".formatted(config.source()),
          "a module that it does not mean");
    }
    TensorSpec a = part(module, parts, embedding ? Part.EMBEDDING_A : Part.A);
    TensorSpec b = part(module, parts, embedding ? Part.EMBEDDING_B : Part.B);
    if (embedding && (parts.containsKey(Part.A) || parts.containsKey(Part.B))) {
      throw malformed(a.name(), "an embedding's tensors or a matrix's", "both");
    }
    if (parts.containsKey(Part.MAGNITUDE) != config.magnitudes()) {
      throw malformed(
          a.name(),
          config.magnitudes()
              ? "a lora_magnitude_vector of \"%s\", as use_dora is true".formatted(module)
              : "no lora_magnitude_vector, as use_dora is not true",
          config.magnitudes() ? "none" : "one");
    }
    int rank = config.rank(module);
    checkFactors(a, b, rank, embedding);
    AdapterModule result =
        new AdapterModule(
            module,
            embedding,
            a,
            b,
            Optional.ofNullable(parts.get(Part.MAGNITUDE)),
            Optional.ofNullable(parts.get(Part.B_BIAS)),
            rank,
            config.scale(module));
    checkVector(result.magnitude().orElse(null), result.out());
    checkVector(result.bias().orElse(null), result.out());
    return result;
  }

  private void checkFactors(TensorSpec a, TensorSpec b, int rank, boolean embedding) {
    Shape shape = a.shape();
    boolean convolution = !embedding && shape.rank() > 2;
    if (shape.rank() < 2 || (embedding && shape.rank() != 2) || shape.dimension(0) != rank) {
      throw malformed(
          a.name(), "shape [%d, in], as %s says".formatted(rank, config.source()), a.describe());
    }
    boolean fits =
        b.shape().rank() == shape.rank()
            && b.shape().dimension(1) == rank
            && b.elements() == b.shape().dimension(0) * rank;
    if (!fits || (!convolution && b.shape().rank() != 2)) {
      throw malformed(
          b.name(),
          "shape [out, %d%s], as %s says"
              .formatted(rank, convolution ? ", 1, ..." : "", config.source()),
          b.describe());
    }
    for (TensorSpec factor : List.of(a, b)) {
      if (factor.elements() > MAX_FACTOR_ELEMENTS) {
        throw new UnsupportedFeatureException(
            "%s: tensor \"%s\" is %s; factors of up to %d elements are read"
                .formatted(checkpoint.id(), factor.name(), factor.describe(), MAX_FACTOR_ELEMENTS));
      }
    }
  }

  private void checkVector(@Nullable TensorSpec vector, long length) {
    if (vector != null && vector.elements() != length) {
      throw malformed(vector.name(), length + " elements, as B has rows", vector.describe());
    }
  }

  private TensorSpec part(String module, Map<Part, TensorSpec> parts, Part part) {
    TensorSpec spec = parts.get(part);
    if (spec == null) {
      throw new MalformedCheckpointException(
          "%s: expected tensor \"%s%s.%s\" beside \"%s\", found none"
              .formatted(
                  checkpoint.id(),
                  AdapterTensorName.PREFIX,
                  module,
                  part.ending(),
                  parts.values().iterator().next().name()));
    }
    return spec;
  }

  private MalformedCheckpointException malformed(String tensor, String expected, String found) {
    return new MalformedCheckpointException(
        "%s: tensor \"%s\": expected %s, found %s"
            .formatted(checkpoint.id(), tensor, expected, found));
  }

  /** What the user called it. */
  public String id() {
    return checkpoint.id();
  }

  public AdapterConfig config() {
    return config;
  }

  /** The low-rank updates by module, in the file's order. */
  public SequencedMap<String, AdapterModule> modules() {
    return Collections.unmodifiableSequencedMap(modules);
  }

  /** Tensors that replace the base's, by their name there but for an optional prefix. */
  public SequencedMap<String, TensorSpec> whole() {
    return Collections.unmodifiableSequencedMap(whole);
  }

  /** The tensors under their own names. */
  Checkpoint checkpoint() {
    return checkpoint;
  }

  /**
   * All elements of a tensor of the adapter, exactly.
   *
   * @throws MalformedCheckpointException if one is NaN or infinite
   * @throws IOException if bytes cannot be read
   */
  public double[] values(TensorSpec spec) throws IOException {
    double[] values = new double[Math.toIntExact(spec.elements())];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(Math.max(1, spec.sizeBytes()), Double.BYTES);
      if (values.length > 0) {
        checkpoint.read(spec.name(), 0, bytes.asSlice(0, spec.sizeBytes()));
      }
      TensorCodec.decode(spec.dtype(), bytes, 0, values, values.length);
    }
    for (int i = 0; i < values.length; i++) {
      if (!Double.isFinite(values[i])) {
        throw malformed(spec.name(), "finite numbers", values[i] + " at element " + i);
      }
    }
    return values;
  }

  @Override
  public void close() throws IOException {
    checkpoint.close();
  }
}
