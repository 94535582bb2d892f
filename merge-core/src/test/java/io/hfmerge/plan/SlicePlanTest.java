package io.hfmerge.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.method.Compatibility;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.recipe.LayerRange;
import io.hfmerge.recipe.ParameterRule;
import io.hfmerge.recipe.ParameterValue;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.RecipeBuilder;
import io.hfmerge.recipe.RecipeModule;
import io.hfmerge.recipe.Slice;
import io.hfmerge.recipe.SliceSource;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import io.hfmerge.testing.MemoryCheckpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SlicePlanTest {

  private static final MergePlanner PLANNER = new MergePlanner(MergeMethods.installed());

  private final List<MemoryCheckpoint> open = new ArrayList<>();

  @AfterEach
  void closeCheckpoints() {
    open.forEach(MemoryCheckpoint::close);
  }

  /** A model with an embedding, layers of a weight, a norm and a head. */
  private MergeInput model(String id, int layers, String prefix) {
    MemoryCheckpoint checkpoint = checkpoint(id).with("head", DType.F32, Shape.of(1), 1);
    checkpoint.with(prefix + "embed", DType.F32, Shape.of(1), 1);
    for (int i = 0; i < layers; i++) {
      checkpoint.with(prefix + "layers." + i + ".w", DType.F32, Shape.of(1), i);
    }
    checkpoint.with(prefix + "norm", DType.F32, Shape.of(1), 1);
    return new MergeInput(id, checkpoint, new StackNaming(layers));
  }

  private MergeInput model(String id, int layers) {
    return model(id, layers, "model.");
  }

  private MemoryCheckpoint checkpoint(String id) {
    MemoryCheckpoint checkpoint = new MemoryCheckpoint(id);
    open.add(checkpoint);
    return checkpoint;
  }

  private static RecipeBuilder sum() {
    return Recipe.builder("linear")
        .parameter("weight", ParameterValue.of(1))
        .parameter("normalize", ParameterValue.of(false));
  }

  private static Slice slice(Map<String, ParameterValue> parameters, SliceSource... sources) {
    return new Slice(List.of(sources), null, parameters, null);
  }

  private static SliceSource source(String model, int start, int end, double weight) {
    return new SliceSource(
        model, new LayerRange(start, end), Map.of("weight", ParameterValue.of(weight)));
  }

  private static List<String> sources(PlannedTensor tensor) {
    return tensor.sources().stream()
        .map(source -> source.input().reference() + ":" + source.tensor().name())
        .toList();
  }

  private static double weight(PlannedTensor tensor, int model) {
    return ((MergedTensor) tensor).context().parameters().number("weight", model);
  }

  private static PlannedTensor tensor(MergePlan plan, String name) {
    return plan.tensors().stream()
        .filter(tensor -> tensor.output().name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void stacksLayersAndTakesTheRestFromTheFirstAndTheLastSlice() {
    Recipe recipe =
        sum()
            .slice(Slice.of(new SliceSource("a", 0, 2)))
            .slice(Slice.of(new SliceSource("b", 1, 3)))
            .build();
    MergePlan plan = PLANNER.plan(recipe, List.of(model("a", 3), model("b", 3, "")));
    assertThat(plan.tensors())
        .extracting(tensor -> tensor.output().name() + " " + sources(tensor))
        .containsExactly(
            "model.embed [a:model.embed]",
            "model.layers.0.w [a:model.layers.0.w]",
            "model.layers.1.w [a:model.layers.1.w]",
            "model.layers.2.w [b:layers.1.w]",
            "model.layers.3.w [b:layers.2.w]",
            "head [b:head]",
            "model.norm [b:norm]");
    assertThat(plan.stacks()).hasSize(1);
    assertThat(plan.stacks().getFirst().stack()).isEqualTo("layers.");
    assertThat(plan.stacks().getFirst().layers())
        .extracting(origin -> origin.input().reference() + origin.layer())
        .containsExactly("a0", "a1", "b1", "b2");
    assertThat(plan.notes())
        .containsExactly(
            "layers of a that no slice takes: 2", "layers of b that no slice takes: 0");
  }

  @Test
  void namesBeyondTheLayersOfTheBaseAreSpelledAsItSpellsOthers() {
    Recipe recipe = sum().base("base").slice(Slice.of(new SliceSource("a", 0, 4))).build();
    MergePlan plan = PLANNER.plan(recipe, List.of(model("base", 1), model("a", 4, "")));
    assertThat(plan.layout())
        .extracting(TensorSpec::name)
        .containsExactly(
            "model.embed",
            "model.layers.0.w",
            "model.layers.1.w",
            "model.layers.2.w",
            "model.layers.3.w",
            "head",
            "model.norm");
  }

  @Test
  void gradientsRunWithinTheSliceAndTheRestHasTheFirstValue() {
    Map<String, ParameterValue> gradient =
        Map.of("weight", ParameterValue.gradient(List.of(1.0, 2.0)));
    Recipe recipe =
        sum()
            .slice(slice(gradient, new SliceSource("a", 1, 4)))
            .slice(slice(gradient, new SliceSource("a", 0, 1)))
            .slice(slice(gradient, new SliceSource("a", 2, 4)))
            .build();
    MergePlan plan = PLANNER.plan(recipe, List.of(model("a", 4)));
    assertThat(plan.tensors())
        .extracting(tensor -> weight(tensor, 0))
        .containsExactly(1.0, 1.0, 1.5, 2.0, 2.0, 1.0, 2.0, 1.0, 1.0);
  }

  @Test
  void aModelMayBeSeveralSourcesOfASlice() {
    Recipe recipe = sum().slice(Slice.of(source("a", 0, 2, 0.25), source("a", 1, 3, 0.75))).build();
    MergePlan plan = PLANNER.plan(recipe, List.of(model("a", 3)));
    PlannedTensor second = tensor(plan, "model.layers.1.w");
    assertThat(sources(second)).containsExactly("a:model.layers.1.w", "a:model.layers.2.w");
    assertThat(weight(second, 0)).isEqualTo(0.25);
    assertThat(weight(second, 1)).isEqualTo(0.75);
    assertThat(((MergedTensor) second).context().models()).containsExactly("a", "a (2)");
    assertThat(sources(tensor(plan, "head"))).containsExactly("a:head", "a:head");
  }

  @Test
  void theInnermostLevelWithARuleForTheNameCounts() {
    ParameterValue none = new ParameterValue(List.of(new ParameterRule("zz", List.of(9.0), false)));
    ParameterValue head =
        new ParameterValue(List.of(new ParameterRule("head", List.of(3.0), false)));
    ParameterValue norm =
        new ParameterValue(List.of(new ParameterRule("norm", List.of(4.0), false)));
    ParameterValue all =
        new ParameterValue(
            List.of(
                new ParameterRule("embed", List.of(5.0), false),
                new ParameterRule("*", List.of(1.0), false)));
    Slice slice =
        new Slice(
            List.of(
                new SliceSource("a", new LayerRange(0, 1), Map.of("weight", none)),
                new SliceSource("a", new LayerRange(0, 1), Map.of("weight", ParameterValue.of(7)))),
            null,
            Map.of("weight", head),
            null);
    Recipe recipe =
        sum()
            .parameter("weight", all)
            .module("default", new RecipeModule(List.of(), List.of(slice), Map.of("weight", norm)))
            .build();
    MergePlan plan = PLANNER.plan(recipe, List.of(model("a", 1)));
    assertThat(weight(tensor(plan, "head"), 0)).isEqualTo(3);
    assertThat(weight(tensor(plan, "model.norm"), 0)).isEqualTo(4);
    assertThat(weight(tensor(plan, "model.embed"), 0)).isEqualTo(5);
    assertThat(weight(tensor(plan, "model.layers.0.w"), 0)).isEqualTo(1);
    assertThat(plan.tensors()).allMatch(tensor -> weight(tensor, 1) == 7);
    assertThat(plan.notes()).singleElement().asString().contains("\"zz\"");
  }

  @Test
  void filtersOfModelsSeeTheNamesOfTheirInputsOthersThoseOfTheOutput() {
    ParameterValue byInput =
        new ParameterValue(
            List.of(
                new ParameterRule("layers.2.", List.of(2.0), false),
                new ParameterRule("*", List.of(1.0), false)));
    ParameterValue byOutput =
        new ParameterValue(
            List.of(
                new ParameterRule("layers.0.", List.of(1.0), true),
                new ParameterRule("*", List.of(0.0), true)));
    Recipe recipe =
        sum()
            .parameter("weight", byInput)
            .parameter("normalize", byOutput)
            .slice(Slice.of(new SliceSource("a", 2, 3)))
            .build();
    MergedTensor layer =
        (MergedTensor) tensor(PLANNER.plan(recipe, List.of(model("a", 3))), "model.layers.0.w");
    assertThat(weight(layer, 0)).isEqualTo(2);
    assertThat(layer.context().parameters().flag("normalize")).isTrue();
  }

  @Test
  void truthValuesChangeInStepsAndMergekitsAreTrueUnlessZero() {
    ParameterValue flags =
        new ParameterValue(List.of(new ParameterRule("*", List.of(0.0, 1.0), true)));
    RecipeBuilder recipe =
        sum().parameter("normalize", flags).slice(Slice.of(new SliceSource("a", 0, 3)));
    MergeInput a = model("a", 3);
    assertThat(PLANNER.plan(recipe.build(), List.of(a)).tensors().subList(1, 4))
        .extracting(t -> ((MergedTensor) t).context().parameters().flag("normalize"))
        .containsExactly(false, false, true);
    recipe.compatibility(Compatibility.MERGEKIT);
    assertThat(PLANNER.plan(recipe.build(), List.of(a)).tensors().subList(1, 4))
        .extracting(t -> ((MergedTensor) t).context().parameters().flag("normalize"))
        .containsExactly(false, true, true);
  }

  @Test
  void theBaseOfASliceComesFirstWithTheLayersThatItIsListedWith() {
    Recipe recipe =
        Recipe.builder("task_arithmetic")
            .base("base")
            .slice(Slice.of(source("a", 0, 1, 1), new SliceSource("base", 1, 2)))
            .slice(
                new Slice(
                    List.of(source("base", 0, 1, 2), new SliceSource("a", 0, 1)),
                    "a",
                    Map.of(),
                    null))
            .build();
    MergePlan plan = PLANNER.plan(recipe, List.of(model("base", 2), model("a", 2)));
    MergedTensor first = (MergedTensor) tensor(plan, "model.layers.0.w");
    assertThat(sources(first)).containsExactly("base:model.layers.1.w", "a:model.layers.0.w");
    assertThat(first.context().base()).isZero();
    assertThat(sources(tensor(plan, "model.layers.1.w")))
        .containsExactly("a:model.layers.0.w", "base:model.layers.0.w");
    assertThat(sources(tensor(plan, "head"))).containsExactly("a:head", "base:head");
  }

  @Test
  void aSliceOfTheBaseAloneIsCopied() {
    Recipe recipe =
        Recipe.sum("base", Map.of()).slice(Slice.of(new SliceSource("base", 0, 1))).build();
    MergePlan plan = PLANNER.plan(recipe, List.of(model("base", 1)));
    assertThat(plan.tensors()).allMatch(tensor -> tensor instanceof CopiedTensor);
    assertThat(plan.notes()).singleElement().asString().contains("the only source of its slice");
  }

  @Test
  void refusesLayersThatAModelHasNot() {
    Recipe recipe =
        sum()
            .slice(Slice.of(new SliceSource("a", 0, 3)))
            .slice(Slice.of(new SliceSource("b", 2, 9)))
            .build();
    assertThatThrownBy(() -> PLANNER.plan(recipe, List.of(model("a", 2), model("b", 4))))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageContaining("layer_range [0, 3] of a: it has 2 layers")
        .hasMessageContaining("layer_range [2, 9] of b: it has 4 layers");
  }

  @Test
  void refusesLayersWithOtherTensorsInEitherDirection() {
    MergeInput a = model("a", 2);
    MergeInput b = model("b", 2);
    ((MemoryCheckpoint) a.checkpoint()).with("model.layers.0.x", DType.F32, Shape.of(1), 1);
    ((MemoryCheckpoint) b.checkpoint()).with("model.layers.1.y", DType.F32, Shape.of(1), 1);
    Recipe recipe =
        sum().slice(Slice.of(new SliceSource("a", 0, 1), new SliceSource("b", 1, 2))).build();
    assertThatThrownBy(() -> PLANNER.plan(recipe, List.of(a, b)))
        .isInstanceOf(IncompatibleCheckpointsException.class)
        .hasMessageContaining("\"model.layers.0.x\" of a is missing in b (\"layers.1.x\")")
        .hasMessageContaining("\"model.layers.1.y\" of b is missing in a");
  }

  @Test
  void refusesSlicesOfModelsWithoutLayers() {
    MergeInput plain =
        new MergeInput(
            "a", checkpoint("a").with("w", DType.F32, Shape.of(1), 1), TensorNaming.PLAIN);
    Recipe recipe = sum().slice(Slice.of(new SliceSource("a", 0, 1))).build();
    assertThatThrownBy(() -> PLANNER.plan(recipe, List.of(plain)))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageContaining("a has no layers");
  }

  @Test
  void saysWhatOnlyOtherModelsHaveOutsideTheLayers() {
    MergeInput a = model("a", 1);
    MergeInput b = model("b", 1);
    ((MemoryCheckpoint) b.checkpoint())
        .with("first.embed", DType.F32, Shape.of(1), 1)
        .with("pooler", DType.F32, Shape.of(1), 1);
    Recipe recipe =
        sum()
            .slice(Slice.of(new SliceSource("a", 0, 1)))
            .slice(Slice.of(new SliceSource("b", 0, 1)))
            .build();
    assertThat(PLANNER.plan(recipe, List.of(a, b)).notes())
        .containsExactly("left out: only b has it, the output has the tensors of a: pooler");
  }

  @Test
  void saysWhereLayersBringAnotherDtype() {
    MergeInput a = model("a", 1);
    MergeInput b = model("b", 1);
    ((MemoryCheckpoint) a.checkpoint()).with("model.layers.0.x", DType.F32, Shape.of(1), 1);
    ((MemoryCheckpoint) b.checkpoint()).with("model.layers.0.x", DType.BF16, Shape.of(1), 1);
    RecipeBuilder recipe =
        sum()
            .slice(Slice.of(new SliceSource("a", 0, 1)))
            .slice(Slice.of(new SliceSource("b", 0, 1)));
    assertThat(PLANNER.plan(recipe.build(), List.of(a, b)).notes())
        .singleElement()
        .asString()
        .startsWith("1 tensor is BF16 as stored in another model, unlike a");
    recipe.dtype(DType.F32);
    assertThat(PLANNER.plan(recipe.build(), List.of(a, b)).notes()).isEmpty();
  }

  @Test
  void residualWeightsAreNotedAsWithoutEffect() {
    Slice slice = new Slice(List.of(new SliceSource("a", 0, 1)), null, Map.of(), 0.5);
    assertThat(PLANNER.plan(sum().slice(slice).build(), List.of(model("a", 1))).notes())
        .singleElement()
        .asString()
        .contains("residual_weight has no effect");
  }

  @Test
  void copiesBuffersOfLayersFromTheFirstSource() {
    MergeInput a = model("a", 2);
    MergeInput b = model("b", 2);
    for (MergeInput input : List.of(a, b)) {
      ((MemoryCheckpoint) input.checkpoint())
          .with("model.layers.0.mask", DType.F32, Shape.of(1), 1)
          .with("model.layers.1.mask", DType.F32, Shape.of(1), 2);
    }
    Recipe recipe =
        sum().slice(Slice.of(new SliceSource("b", 1, 2), new SliceSource("a", 0, 1))).build();
    PlannedTensor mask = tensor(PLANNER.plan(recipe, List.of(a, b)), "model.layers.0.mask");
    assertThat(mask).isInstanceOf(CopiedTensor.class);
    assertThat(sources(mask)).containsExactly("b:model.layers.1.mask");
  }
}
