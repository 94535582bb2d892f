package io.hfmerge.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.recipe.ModelEntry;
import io.hfmerge.recipe.ParameterValue;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.RecipeBuilder;
import io.hfmerge.recipe.RecipeModule;
import io.hfmerge.recipe.Slice;
import io.hfmerge.recipe.SliceSource;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.testing.MemoryCheckpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ModulePlanTest {

  private static final MergePlanner PLANNER = new MergePlanner(MergeMethods.installed());

  private final List<MemoryCheckpoint> open = new ArrayList<>();

  @AfterEach
  void closeCheckpoints() {
    open.forEach(MemoryCheckpoint::close);
  }

  private MergeInput model(String id, String... more) {
    MemoryCheckpoint checkpoint = new MemoryCheckpoint(id);
    open.add(checkpoint);
    List<String> names = new ArrayList<>(List.of("shared"));
    for (String module : List.of("encoder", "decoder")) {
      for (String name : List.of("embed", "layers.0.w", "layers.1.w", "norm")) {
        names.add(module + "." + name);
      }
    }
    names.addAll(List.of(more));
    names.forEach(name -> checkpoint.with(name, DType.F32, Shape.of(1), 1));
    return new MergeInput(id, checkpoint, new StackNaming(2, true));
  }

  private static RecipeBuilder sum() {
    return Recipe.builder("linear").parameter("normalize", ParameterValue.of(false));
  }

  private static RecipeModule models(double weight, String... references) {
    return new RecipeModule(
        List.of(references).stream().map(name -> new ModelEntry(name, Map.of())).toList(),
        List.of(),
        Map.of("weight", ParameterValue.of(weight)));
  }

  private static List<String> describe(MergePlan plan) {
    return plan.tensors().stream()
        .map(tensor ->
            tensor.output().name()
                + " "
                + tensor.sources().stream()
                    .map(source -> source.input().reference() + ":" + source.tensor().name())
                    .toList()
                + switch (tensor) {
                  case MergedTensor merged ->
                      " " + merged.context().parameters().number("weight", 0);
                  case CopiedTensor copied -> "";
                })
        .toList();
  }

  @Test
  void mergesEveryModuleInItsOwnWayAndCopiesTheOthers() {
    Recipe recipe =
        sum()
            .module("shared", models(3, "b", "a"))
            .module(
                "encoder",
                new RecipeModule(
                    List.of(),
                    List.of(
                        Slice.of(new SliceSource("a", 1, 2)), Slice.of(new SliceSource("b", 0, 2))),
                    Map.of("weight", ParameterValue.of(2))))
            .base("a")
            .build();
    MergePlan plan = PLANNER.plan(recipe, List.of(model("a"), model("b")));
    assertThat(describe(plan))
        .containsExactly(
            "encoder.embed [a:encoder.embed] 2.0",
            "encoder.layers.0.w [a:encoder.layers.1.w] 2.0",
            "encoder.layers.1.w [b:encoder.layers.0.w] 2.0",
            "encoder.layers.2.w [b:encoder.layers.1.w] 2.0",
            "encoder.norm [b:encoder.norm] 2.0",
            "decoder.embed [a:decoder.embed]",
            "decoder.layers.0.w [a:decoder.layers.0.w]",
            "decoder.layers.1.w [a:decoder.layers.1.w]",
            "decoder.norm [a:decoder.norm]",
            "shared [b:shared, a:shared] 3.0");
    assertThat(plan.notes())
        .anySatisfy(note -> assertThat(note).contains("its module is not in the recipe"));
    assertThat(plan.stacks()).extracting(StackedLayers::stack).containsExactly("encoder.layers.");
  }

  @Test
  void listsTheModulesWhereANameIsWrong() {
    Recipe recipe = sum().module("encodr", models(1, "a")).build();
    assertThatThrownBy(() -> PLANNER.plan(recipe, List.of(model("a"))))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageContaining("no module \"encodr\"; did you mean \"encoder\"?")
        .hasMessageContaining("(it has: encoder, decoder, shared)");
  }

  @Test
  void refusesSlicesOfAModuleWithoutLayersAndOfWholeModels() {
    Slice slice = Slice.of(new SliceSource("a", 0, 1));
    RecipeModule shared =
        new RecipeModule(List.of(), List.of(slice), Map.of("weight", ParameterValue.of(1)));
    assertThatThrownBy(
            () -> PLANNER.plan(sum().module("shared", shared).build(), List.of(model("a"))))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageContaining("module shared of a has no layers");
    assertThatThrownBy(() ->
            PLANNER.plan(
                sum().parameter("weight", ParameterValue.of(1)).slice(slice).build(),
                List.of(model("a"))))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageContaining("has encoder, decoder, shared: put the slices under modules");
  }

  @Test
  void gradientsOfWholeModelsRunThroughEveryStack() {
    Recipe recipe =
        sum().model("a", Map.of("weight", ParameterValue.gradient(List.of(1.0, 2.0)))).build();
    assertThat(PLANNER.plan(recipe, List.of(model("a"))).tensors())
        .extracting(t -> ((MergedTensor) t).context().parameters().number("weight", 0))
        .containsExactly(1.0, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 2.0, 1.0);
  }

  @Test
  void saysWhatOnlyOneModelHasInAModuleThatIsMerged() {
    Recipe recipe = sum().module("encoder", models(1, "a", "b")).build();
    assertThat(
            PLANNER
                .plan(recipe, List.of(model("a"), model("b", "encoder.pooler", "decoder.pooler")))
                .notes())
        .anySatisfy(note -> assertThat(note).contains("only b has it", "encoder.pooler"))
        .noneSatisfy(note -> assertThat(note).contains("decoder.pooler"));
  }
}
