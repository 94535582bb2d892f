package io.hfmerge.hf.arch;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.arch.LayerNames.Found;
import io.hfmerge.hf.arch.LayerNames.InLayer;
import io.hfmerge.hf.config.ModelConfig;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** An {@link Architecture} applied to a checkpoint. */
final class DefinedStructure implements ModelStructure {

  private static final String WEIGHT = ".weight";

  /** Ends of the names of classes that have an output embedding. */
  private static final List<String> CLASSES_WITH_HEAD =
      List.of("ForCausalLM", "LMHeadModel", "ForMaskedLM", "ForConditionalGeneration");

  private final Architecture architecture;
  private final String modelType;
  private final String id;
  private final ModelSizes sizes;
  private final List<Integer> layerCounts;
  private final List<LayerNames> layerNames;
  private final Map<String, TensorSpec> byCanonicalName = new LinkedHashMap<>();
  private final List<TiedNames> tied;
  private final Optional<TiedNames> tiedAgainstConfig;
  private final BalanceTraits traits;
  private final ModelDimensions dimensions;
  private @Nullable Matrices matrices;

  /** Cut out when they are asked for: a merge has no use for them. */
  private record Matrices(List<WeightMatrix> ofLayers, List<WeightMatrix> others) {}

  DefinedStructure(
      Architecture architecture, ModelConfig config, Collection<TensorSpec> tensors, String id) {
    this.architecture = architecture;
    this.modelType = config.modelType().orElse(architecture.modelTypes().getFirst());
    this.id = id;
    this.sizes = ModelSizes.read(config, architecture.sizes());
    this.layerCounts =
        architecture.stacks().stream()
            .map(stack ->
                config.requiredCount(
                    ModelSizes.MAX_LAYERS, stack.countKeys().toArray(String[]::new)))
            .toList();
    this.layerNames = architecture.stacks().stream().map(LayerNames::new).toList();
    this.traits = traits(architecture, config, sizes);
    for (TensorSpec tensor : tensors) {
      TensorSpec twin = byCanonicalName.put(canonical(tensor.name()), tensor);
      if (twin != null) {
        throw new MalformedCheckpointException(
            "%s: tensors \"%s\" and \"%s\" are the same weight of a %s model: expected one"
                .formatted(id, twin.name(), tensor.name(), modelType));
      }
    }
    this.tiedAgainstConfig = tiedAgainstConfig(config);
    this.tied = new ArrayList<>(tied(architecture, config));
    tiedAgainstConfig.ifPresent(tied::add);
    this.dimensions = countLayers();
    IdentityHashMap<Projection, Shape> shapes = new IdentityHashMap<>();
    for (Map.Entry<String, TensorSpec> tensor : byCanonicalName.entrySet()) {
      checkShape(tensor.getKey(), tensor.getValue(), shapes);
    }
  }

  private synchronized Matrices matrices() {
    Matrices known = matrices;
    if (known == null) {
      List<WeightMatrix> layers = new ArrayList<>();
      List<WeightMatrix> others = new ArrayList<>();
      byCanonicalName.forEach((name, tensor) -> sort(name, tensor, layers, others));
      layers.addAll(stackedQkv(layers));
      layers.sort(reportOrder());
      known = new Matrices(List.copyOf(layers), List.copyOf(others));
      matrices = known;
    }
    return known;
  }

  @Override
  public String modelType() {
    return modelType;
  }

  @Override
  public boolean known() {
    return true;
  }

  @Override
  public Optional<ModelDimensions> dimensions() {
    return Optional.of(dimensions);
  }

  @Override
  public List<WeightMatrix> layerMatrices() {
    return matrices().ofLayers();
  }

  @Override
  public List<WeightMatrix> otherMatrices() {
    return matrices().others();
  }

  @Override
  public List<List<String>> tiedNames() {
    return tied.stream().map(TiedNames::names).toList();
  }

  @Override
  public BalanceTraits balanceTraits() {
    return traits;
  }

  @Override
  public String canonical(String name) {
    return architecture.canonical(name);
  }

  @Override
  public boolean isBuffer(TensorSpec tensor) {
    return TensorWords.isBuffer(tensor);
  }

  /** What is tied with the embedding in some models is an output embedding in all of them. */
  @Override
  public List<String> vocabularyTensors() {
    Set<String> names = new LinkedHashSet<>();
    architecture.tied().forEach(group -> names.addAll(group.names()));
    for (String name : List.copyOf(names)) {
      if (name.endsWith(WEIGHT)) {
        names.add(name.substring(0, name.length() - WEIGHT.length()) + ".bias");
      }
    }
    return List.copyOf(names);
  }

  /** Prefers a name that the checkpoint has, where more than two are one weight. */
  @Override
  public Optional<String> tiedWith(String canonicalName) {
    Optional<String> absent = Optional.empty();
    for (TiedNames group : tied) {
      if (!group.names().contains(canonicalName)) {
        continue;
      }
      for (String name : group.names()) {
        if (name.equals(canonicalName)) {
          continue;
        }
        if (byCanonicalName.containsKey(name)) {
          return Optional.of(name);
        }
        absent = absent.isPresent() ? absent : Optional.of(name);
      }
    }
    return absent;
  }

  @Override
  public Optional<LayerPosition> layer(String canonicalName) {
    for (int i = 0; i < layerNames.size(); i++) {
      Optional<InLayer> place = inLayer(i, canonicalName);
      if (place.isPresent()) {
        return isShared(canonicalName)
            ? Optional.empty()
            : Optional.of(
                new LayerPosition(
                    architecture.stacks().get(i).template(),
                    place.get().layer(),
                    layerCounts.get(i)));
      }
    }
    return Optional.empty();
  }

  private boolean isShared(String canonicalName) {
    for (LayerNames names : layerNames) {
      if (names.hasShared() && names.layer(canonicalName).filter(names::isShared).isPresent()) {
        return true;
      }
    }
    return false;
  }

  @Override
  public String inLayer(String name, int layer) {
    int prefix = architecture.prefixLength(name);
    String canonical = canonical(name);
    for (LayerNames names : layerNames) {
      Optional<InLayer> place = names.layer(canonical);
      if (place.isPresent()) {
        return name.substring(0, prefix + place.get().start())
            + layer
            + name.substring(prefix + place.get().end());
      }
    }
    return name;
  }

  @Override
  public boolean precedesLayers(String canonicalName) {
    return isShared(canonicalName) || TensorWords.precedesLayers(canonicalName);
  }

  @Override
  public boolean isVocabulary(String canonicalName) {
    return canonicalName.endsWith(WEIGHT)
        && architecture.tied().stream().anyMatch(group -> group.names().contains(canonicalName));
  }

  @Override
  public List<String> modules() {
    return architecture.modules().isEmpty()
        ? List.of(WHOLE)
        : List.copyOf(architecture.modules().keySet());
  }

  @Override
  public String module(String canonicalName) {
    return architecture.module(canonicalName);
  }

  @Override
  public Map<String, List<String>> layerCountKeys() {
    Map<String, List<String>> keys = new LinkedHashMap<>();
    architecture.stacks().forEach(stack -> keys.putIfAbsent(stack.template(), stack.countKeys()));
    return keys;
  }

  @Override
  public boolean tiedAgainstConfig() {
    return tiedAgainstConfig.isPresent();
  }

  @Override
  public List<String> remarks() {
    return tiedAgainstConfig.stream()
        .map(group ->
            "the config says that "
                + group.names().get(1)
                + " is not tied, and there is none: taken as tied with "
                + group.names().getFirst())
        .toList();
  }

  @Override
  public String describe(TensorSpec tensor) {
    if (isBuffer(tensor)) {
      return "buffer";
    }
    String name = canonical(tensor.name());
    for (int i = 0; i < layerNames.size(); i++) {
      Optional<InLayer> place = inLayer(i, name);
      Optional<Found> found = place.flatMap(layerNames.get(i)::projection);
      if (found.isPresent()) {
        String word = found.get().projection().word();
        return switch (found.get().parameter()) {
          case "weight" -> word;
          case "bias" -> word + " bias";
          default -> "other";
        };
      }
      Optional<String> word = place.flatMap(layerNames.get(i)::word);
      if (word.isPresent()) {
        return word.get();
      }
    }
    return architecture.word(name).orElseGet(() -> TensorWords.word(name));
  }

  private Optional<InLayer> inLayer(int stack, String canonicalName) {
    Optional<InLayer> place = layerNames.get(stack).layer(canonicalName);
    return place.isPresent() && place.get().layer() < layerCounts.get(stack)
        ? place
        : Optional.empty();
  }

  private void checkShape(
      String canonicalName, TensorSpec tensor, IdentityHashMap<Projection, Shape> expectedShapes) {
    if (!tensor.dtype().isFloat() || isBuffer(tensor)) {
      return;
    }
    for (int i = 0; i < layerNames.size(); i++) {
      Optional<InLayer> place = inLayer(i, canonicalName);
      Optional<Found> found =
          place.isPresent() ? layerNames.get(i).projection(place.get()) : Optional.empty();
      if (found.isEmpty() || !found.get().parameter().equals("weight")) {
        continue;
      }
      Projection projection = found.get().projection();
      boolean conv1d = architecture.stacks().get(i).conv1d();
      Shape expected =
          expectedShapes.computeIfAbsent(
              projection, key -> MatrixRows.storedShape(conv1d, key, sizes));
      if (!expected.equals(tensor.shape())) {
        throw new MalformedCheckpointException(
            "%s: tensor \"%s\": expected shape %s for %s by the config (%s), found %s"
                .formatted(
                    id,
                    tensor.name(),
                    expected,
                    projection.word(),
                    sizes.describe(),
                    tensor.shape()));
      }
      return;
    }
  }

  private void sort(
      String canonicalName,
      TensorSpec tensor,
      List<WeightMatrix> layers,
      List<WeightMatrix> others) {
    if (!tensor.dtype().isFloat() || isBuffer(tensor)) {
      return;
    }
    for (int i = 0; i < layerNames.size(); i++) {
      Optional<InLayer> place = inLayer(i, canonicalName);
      Optional<Found> found = place.flatMap(layerNames.get(i)::projection);
      if (found.isPresent() && found.get().parameter().equals("weight")) {
        layers.addAll(
            matrices(architecture.stacks().get(i), place.get().layer(), found.get(), tensor));
        return;
      }
    }
    if (tensor.shape().rank() >= 2) {
      others.add(MatrixRows.whole(tensor));
    }
  }

  private List<WeightMatrix> matrices(LayerStack stack, int layer, Found found, TensorSpec tensor) {
    Projection projection = found.projection();
    return projection.roles().stream()
        .map(role ->
            new WeightMatrix(
                stack.name(),
                layer,
                role,
                found.expert(),
                tensor.name(),
                sizes.rows(role),
                sizes.columns(role),
                MatrixRows.cut(tensor, stack.conv1d(), projection, role, sizes)))
        .toList();
  }

  private List<WeightMatrix> stackedQkv(List<WeightMatrix> matrices) {
    Map<Place, Map<Role, WeightMatrix>> byPlace = new LinkedHashMap<>();
    for (WeightMatrix matrix : matrices) {
      byPlace
          .computeIfAbsent(
              new Place(matrix.stack(), matrix.layer()), place -> new LinkedHashMap<>())
          .put(matrix.role(), matrix);
    }
    List<WeightMatrix> stacked = new ArrayList<>();
    for (Map<Role, WeightMatrix> roles : byPlace.values()) {
      WeightMatrix q = roles.get(Role.Q);
      WeightMatrix k = roles.get(Role.K);
      WeightMatrix v = roles.get(Role.V);
      if (q != null && k != null && v != null) {
        stacked.add(MatrixRows.stack(q, k, v));
      }
    }
    return stacked;
  }

  private Comparator<WeightMatrix> reportOrder() {
    List<String> stacks = architecture.stacks().stream().map(LayerStack::name).toList();
    return Comparator.comparingInt((WeightMatrix matrix) -> stacks.indexOf(matrix.stack()))
        .thenComparingInt(WeightMatrix::layer)
        .thenComparing(WeightMatrix::role)
        .thenComparingInt(matrix -> matrix.expert().orElse(-1));
  }

  /** Counts the layers of stacks that the file has; an encoder saved alone has no decoder. */
  private ModelDimensions countLayers() {
    int stored = 0;
    int stated = 0;
    Set<String> counted = new HashSet<>();
    for (int i = 0; i < layerNames.size(); i++) {
      if (!counted.add(architecture.stacks().get(i).template())) {
        continue;
      }
      int stack = i;
      stated = Math.addExact(stated, layerCounts.get(i));
      if (byCanonicalName.keySet().stream().anyMatch(name -> inLayer(stack, name).isPresent())) {
        stored = Math.addExact(stored, layerCounts.get(i));
      }
    }
    return new ModelDimensions(
        stored == 0 ? stated : stored,
        sizes.hidden(),
        sizes.heads(),
        sizes.kvHeads(),
        sizes.headWidth());
  }

  /** The output embedding that a class has and the file has not, whatever the config says. */
  private Optional<TiedNames> tiedAgainstConfig(ModelConfig config) {
    List<TiedNames> known = tied(architecture, config);
    boolean withHead =
        config.architectures().stream()
            .anyMatch(name -> CLASSES_WITH_HEAD.stream().anyMatch(name::endsWith));
    return architecture.tied().stream()
        .filter(group -> withHead && group.when() != TiedNames.When.ALWAYS)
        .filter(group -> !known.contains(group))
        .filter(group -> byCanonicalName.containsKey(group.names().getFirst()))
        .filter(group -> group.names().stream().skip(1).noneMatch(byCanonicalName::containsKey))
        .findFirst();
  }

  private static List<TiedNames> tied(Architecture architecture, ModelConfig config) {
    Optional<Boolean> stated = config.bool("tie_word_embeddings");
    return architecture.tied().stream()
        .filter(group ->
            switch (group.when()) {
              case ALWAYS -> true;
              case UNLESS_CONFIG_UNTIES -> stated.orElse(true);
              case IF_CONFIG_TIES -> stated.orElse(false);
            })
        .toList();
  }

  private static BalanceTraits traits(
      Architecture architecture, ModelConfig config, ModelSizes sizes) {
    String[] normKeys = architecture.queryKeyNormKeys().toArray(String[]::new);
    String[] activationKeys = architecture.activationKeys().toArray(String[]::new);
    return new BalanceTraits(
        architecture.rotary().kind(),
        architecture.rotary().width(config, sizes.headWidth()),
        config.bool(normKeys).orElse(architecture.queryKeyNorm()),
        architecture.mlp(config.string(activationKeys)));
  }

  private record Place(String stack, int layer) {}
}
