package io.hfmerge.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.recipe.ParameterRule;
import io.hfmerge.recipe.ParameterValue;
import io.hfmerge.recipe.Recipe;
import io.hfmerge.recipe.RecipeBuilder;
import io.hfmerge.recipe.Slice;
import io.hfmerge.recipe.SliceSource;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import io.hfmerge.testing.MemoryCheckpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MergePlannerTest {

  private static final MergePlanner PLANNER = new MergePlanner(MergeMethods.installed());
  private static final Shape TWO = Shape.of(2);

  private final List<MemoryCheckpoint> open = new ArrayList<>();

  @AfterEach
  void closeCheckpoints() {
    open.forEach(MemoryCheckpoint::close);
  }

  private MemoryCheckpoint checkpoint(String id, String... names) {
    MemoryCheckpoint checkpoint = new MemoryCheckpoint(id);
    open.add(checkpoint);
    for (String name : names) {
      checkpoint.with(name, DType.F32, TWO, 1, 2);
    }
    return checkpoint;
  }

  private static MergePlan plan(Recipe recipe, MemoryCheckpoint... checkpoints) {
    return plan(recipe, TensorNaming.PLAIN, checkpoints);
  }

  private static MergePlan plan(
      Recipe recipe, TensorNaming naming, MemoryCheckpoint... checkpoints) {
    List<MergeInput> inputs = new ArrayList<>();
    for (MemoryCheckpoint checkpoint : checkpoints) {
      inputs.add(new MergeInput(checkpoint.id(), checkpoint, naming));
    }
    return PLANNER.plan(recipe, inputs);
  }

  private static RecipeBuilder mean(String... models) {
    RecipeBuilder builder = Recipe.builder("linear").parameter("weight", ParameterValue.of(1));
    for (String model : models) {
      builder.model(model);
    }
    return builder;
  }

  @Test
  void takesNamesAndOrderOfTheBase() {
    MemoryCheckpoint base = checkpoint("base", "z", "a", "m");
    MemoryCheckpoint model = checkpoint("model", "m", "a", "z");
    MergePlan plan = plan(Recipe.sum("base", Map.of("model", 1.0)).build(), model, base);
    assertThat(plan.layout()).extracting(TensorSpec::name).containsExactly("z", "a", "m");
    assertThat(plan.inputs()).extracting(MergeInput::reference).containsExactly("base", "model");
    assertThat(plan.bytesToRead()).isEqualTo(2 * 3 * 8);
    assertThat(plan.bytesToWrite()).isEqualTo(3 * 8);
    assertThat(plan.notes()).isEmpty();
    assertThat(plan.describe())
        .contains(
            "task_arithmetic of 2 checkpoints: 3 tensors merged, 0 copied",
            "merged: base (base) + model weight=1.0; lambda=1.0 normalize=false"
                + " (3 tensors, 24 bytes)",
            "    z, a, m");
    assertThat(plan.describeTensors()).hasSize(3);
  }

  @Test
  void takesNamesOfTheFirstModelWithoutABase() {
    MergePlan plan =
        plan(mean("a", "b").build(), checkpoint("a", "y", "x"), checkpoint("b", "x", "y"));
    assertThat(plan.layout()).extracting(TensorSpec::name).containsExactly("y", "x");
  }

  @Test
  void theOutputDtypeIsOutDtypeElseDtypeElseTheBasesOwn() {
    MemoryCheckpoint a = checkpoint("a").with("w", DType.F16, TWO, 1, 2);
    MemoryCheckpoint b = checkpoint("b").with("w", DType.BF16, TWO, 1, 2);
    assertThat(plan(mean("a", "b").build(), a, b).layout().getFirst().dtype()).isEqualTo(DType.F16);
    assertThat(plan(mean("b", "a").build(), a, b).layout().getFirst().dtype())
        .isEqualTo(DType.BF16);
    RecipeBuilder recipe = mean("a", "b").dtype(DType.F32);
    assertThat(plan(recipe.build(), a, b).layout().getFirst().dtype()).isEqualTo(DType.F32);
    recipe.outDtype(DType.F64);
    assertThat(plan(recipe.build(), a, b).layout().getFirst().dtype()).isEqualTo(DType.F64);
  }

  @Test
  void showsChoicesAndTruthValuesAsARecipeWritesThem() {
    Recipe recipe =
        Recipe.builder("ties")
            .base("base")
            .model("a", Map.of("weight", ParameterValue.of(1)))
            .parameter("election", ParameterValue.of("unweighted"))
            .build();
    assertThat(plan(recipe, checkpoint("base", "w"), checkpoint("a", "w")).describe())
        .anySatisfy(
            line -> assertThat(line).contains("normalize=true").contains("election=unweighted"));
  }

  @Test
  void saysThatDoublesAreMergedInThePrecisionOfFloats() {
    MemoryCheckpoint a = checkpoint("a", "w").with("d", DType.F64, TWO, 1, 2);
    MemoryCheckpoint b = checkpoint("b", "w").with("d", DType.F64, TWO, 3, 4);
    assertThat(plan(mean("a", "b").build(), a, b).notes())
        .containsExactly("1 tensor is stored as F64 and merged in the precision of F32");
  }

  @Test
  void copiesIntegersFromTheBaseInTheirOwnDtype() {
    MemoryCheckpoint a = checkpoint("a", "w").withBytes("ids", DType.I64, TWO, new byte[16]);
    MemoryCheckpoint b = checkpoint("b", "w").withBytes("ids", DType.I32, TWO, new byte[8]);
    MergePlan plan = plan(mean("a", "b").dtype(DType.BF16).build(), a, b);
    assertThat(plan.tensors().get(1)).isInstanceOf(CopiedTensor.class);
    assertThat(plan.layout().get(1).dtype()).isEqualTo(DType.I64);
    assertThat(plan.notes()).singleElement().asString().contains("copied from a", "buffer", "ids");
  }

  @Test
  void namesTheTensorAndBothShapesOfEveryMismatch() {
    MemoryCheckpoint a = checkpoint("a", "v").with("w", DType.F32, Shape.of(1, 2), 1, 2);
    MemoryCheckpoint b =
        checkpoint("b").with("v", DType.F32, Shape.of(1), 1).with("w", DType.F32, TWO, 1, 2);
    assertThatThrownBy(() -> plan(mean("a", "b").build(), a, b))
        .isInstanceOf(IncompatibleCheckpointsException.class)
        .hasMessageContaining("\"v\": F32[2] in a, F32[1] in b")
        .hasMessageContaining("\"w\": F32[1, 2] in a, F32[2] in b");
  }

  @Test
  void aTensorMissingInALayerIsAnErrorInEitherDirection() {
    MemoryCheckpoint a = checkpoint("a", "h.0.w", "h.1.w");
    MemoryCheckpoint b = checkpoint("b", "h.0.w", "h.2.w");
    assertThatThrownBy(() -> plan(mean("a", "b").build(), a, b))
        .isInstanceOf(IncompatibleCheckpointsException.class)
        .hasMessageContaining("\"h.1.w\" of a is missing in b")
        .hasMessageContaining("\"h.2.w\" of b is missing in a");
  }

  @Test
  void aTensorMissingOutsideTheLayersIsMergedOverThoseThatHaveIt() {
    MemoryCheckpoint base = checkpoint("base", "w", "head", "pooler");
    MemoryCheckpoint a = checkpoint("a", "w", "head", "extra");
    MemoryCheckpoint b = checkpoint("b", "w");
    MergePlan plan = plan(Recipe.sum("base", Map.of("a", 1.0, "b", 1.0)).build(), base, a, b);
    assertThat(plan.tensors().get(0).sources()).hasSize(3);
    assertThat(plan.tensors().get(1).sources()).hasSize(2);
    assertThat(plan.tensors().get(2)).isInstanceOf(CopiedTensor.class);
    assertThat(plan.notes())
        .anySatisfy(note -> assertThat(note).contains("b does not have it", "head", "pooler"))
        .anySatisfy(note -> assertThat(note).contains("copied from base", "too few", "pooler"))
        .anySatisfy(note -> assertThat(note).contains("left out", "only a", "extra"));
  }

  @Test
  void countsABaseThatIsAlsoListedOnce() {
    Recipe recipe =
        Recipe.builder("task_arithmetic")
            .base("base")
            .model("base")
            .model("a", Map.of("weight", ParameterValue.of(2)))
            .build();
    MergePlan plan = plan(recipe, checkpoint("base", "w"), checkpoint("a", "w"));
    assertThat(plan.tensors().getFirst().sources()).hasSize(2);
    assertThat(plan.notes()).singleElement().asString().contains("counts once");
  }

  @Test
  void theBaseOfAMethodWithoutUseForItLendsOnlyNames() {
    MergePlan plan =
        plan(
            mean("a", "b").base("base").build(),
            checkpoint("base", "w"),
            checkpoint("a", "w"),
            checkpoint("b", "w"));
    assertThat(((MergedTensor) plan.tensors().getFirst()).context().models())
        .containsExactly("a", "b");
    assertThat(plan.notes()).singleElement().asString().contains("lends names and order");
  }

  @Test
  void notesParametersWithoutEffect() {
    Recipe recipe =
        Recipe.sum("base", Map.of("a", 1.0)).parameter("density", ParameterValue.of(0.5)).build();
    assertThat(plan(recipe, checkpoint("base", "w"), checkpoint("a", "w")).notes())
        .singleElement()
        .asString()
        .contains("\"density\" has no effect");
  }

  @Test
  void refusesWhatCannotBeAdded() {
    MemoryCheckpoint a =
        checkpoint("a")
            .withBytes("c", DType.C64, TWO, new byte[16])
            .withBytes("q.weight", DType.U8, TWO, new byte[2])
            .with("f.weight", DType.F8_E4M3, TWO, 1, 2)
            .with("f.weight_scale_inv", DType.F32, Shape.of(1), 1);
    assertThatThrownBy(() -> plan(mean("a").build(), a))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("\"c\" is C64[2]")
        .hasMessageContaining("\"q.weight\" is quantised")
        .hasMessageContaining("\"f.weight\" is quantised");
  }

  @Test
  void namesTheTensorWhoseWeightsCancel() {
    Recipe recipe =
        Recipe.builder("linear")
            .model("a", Map.of("weight", ParameterValue.of(1)))
            .model("b", Map.of("weight", ParameterValue.of(-1)))
            .build();
    assertThatThrownBy(() -> plan(recipe, checkpoint("a", "v", "w"), checkpoint("b", "v", "w")))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageContaining("\"v\"")
        .hasMessageContaining("\"w\"");
  }

  @Test
  void checksRecipesThatWereNotReadFromAFile() {
    assertThatThrownBy(() -> plan(Recipe.builder("task_arithmetic").model("a").build()))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageContaining("needs a base_model")
        .hasMessageContaining("models[0]");
  }

  @Test
  void refusesATensorThatNoFilterCovers() {
    ParameterValue weight =
        new ParameterValue(List.of(new ParameterRule("mlp", List.of(1.0), false)));
    Recipe recipe = Recipe.builder("linear").model("a", Map.of("weight", weight)).build();
    assertThatThrownBy(() -> plan(recipe, checkpoint("a", "mlp.w", "attn.w")))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageContaining("\"attn.w\" of model \"a\": no value for \"weight\"");
  }

  @Test
  void notesFiltersThatCoverNothing() {
    ParameterValue weight =
        new ParameterValue(
            List.of(
                new ParameterRule("mpl", List.of(2.0), false),
                new ParameterRule("*", List.of(1.0), false)));
    Recipe recipe = Recipe.builder("linear").model("a", Map.of("weight", weight)).build();
    assertThat(plan(recipe, checkpoint("a", "mlp.w")).notes())
        .singleElement()
        .asString()
        .contains("\"mpl\"");
  }

  @Test
  void spreadsGradientsOverTheLayersAndGivesTheFirstValueToTheRest() {
    ParameterValue weight = ParameterValue.gradient(List.of(0.0, 1.0, 3.0));
    Recipe recipe =
        Recipe.builder("linear")
            .model("a", Map.of("weight", weight))
            .parameter("normalize", ParameterValue.of(false))
            .build();
    MemoryCheckpoint a = checkpoint("a", "embed", "l.0", "l.1", "l.2", "l.3", "l.4", "head");
    MergePlan plan = plan(recipe, new LayeredNaming(5), a);
    assertThat(plan.tensors())
        .extracting(t -> ((MergedTensor) t).context().parameters().number("weight", 0))
        .containsExactly(0.0, 0.0, 0.5, 1.0, 2.0, 3.0, 0.0);
    assertThat(
            ((MergedTensor)
                    plan(recipe, new LayeredNaming(1), checkpoint("a", "l.0")).tensors().getFirst())
                .context()
                .parameters()
                .number("weight", 0))
        .isEqualTo(3.0);
    assertThatThrownBy(() -> plan(recipe, a))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("no definition");
  }

  @Test
  void matchesNamesByTheirCanonicalFormAndReadsTiedTensorsFromTheirTwin() {
    MemoryCheckpoint base = checkpoint("base", "bert.embed", "bert.head");
    MemoryCheckpoint a = checkpoint("a", "embed");
    MergePlan plan =
        plan(Recipe.sum("base", Map.of("a", 1.0)).build(), new LayeredNaming(1), base, a);
    assertThat(plan.layout())
        .extracting(TensorSpec::name)
        .containsExactly("bert.embed", "bert.head");
    assertThat(plan.tensors().get(1).sources().get(1).tensor().name()).isEqualTo("embed");
    assertThat(plan.notes()).singleElement().asString().contains("a ties it", "bert.head");
  }

  @Test
  void refusesTwoTensorsOfOneCanonicalName() {
    MemoryCheckpoint a = checkpoint("a", "bert.embed", "embed");
    assertThatThrownBy(() -> plan(mean("a").build(), new LayeredNaming(1), a))
        .isInstanceOf(IncompatibleCheckpointsException.class)
        .hasMessageContaining("are both \"embed\"");
  }

  @Test
  void plansAndDescribesSixtyThousandTensors() {
    int layers = 60;
    MemoryCheckpoint base = new MemoryCheckpoint("base");
    open.add(base);
    for (int layer = 0; layer < layers; layer++) {
      for (int expert = 0; expert < 1000; expert++) {
        String name = "layers." + layer + ".experts." + expert + ".w";
        base.with(name, DType.F32, Shape.of(1), 1);
      }
    }
    ParameterValue weight =
        new ParameterValue(
            List.of(
                new ParameterRule("experts.7", List.of(0.25, 1.0, 0.5), false),
                new ParameterRule("*", List.of(1.0), false)));
    Recipe recipe =
        Recipe.builder("linear")
            .parameter("weight", weight)
            .slice(Slice.of(new SliceSource("base", 0, 40), new SliceSource("base", 20, 60)))
            .slice(Slice.of(new SliceSource("base", 20, 60)))
            .build();
    MergePlan plan = plan(recipe, new StackNaming(layers), base);
    assertThat(plan.tensors()).hasSize(80_000);
    // one line a layer for the gradient, not one a tensor
    assertThat(plan.describe().size()).isLessThan(200);
    assertThat(plan.describeTensors()).hasSize(80_000);
  }

  @Test
  void refusesAReferenceThatIsNotOpen() {
    assertThatThrownBy(() -> plan(mean("a", "b").build(), checkpoint("a", "w")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"b\"");
  }

  /** Prefix bert., layers l.N, head tied with embed. */
  private record LayeredNaming(int layers) implements TensorNaming {

    @Override
    public String canonical(String name) {
      return name.startsWith("bert.") ? name.substring("bert.".length()) : name;
    }

    @Override
    public Optional<String> tiedWith(String canonicalName) {
      return canonicalName.equals("head") ? Optional.of("embed") : Optional.empty();
    }

    @Override
    public boolean isBuffer(TensorSpec tensor) {
      return false;
    }

    @Override
    public Optional<LayerPosition> layer(String canonicalName) {
      return canonicalName.startsWith("l.")
          ? Optional.of(
              new LayerPosition("l.", Integer.parseInt(canonicalName.substring(2)), layers))
          : Optional.empty();
    }

    @Override
    public String inLayer(String name, int layer) {
      return name.startsWith("l.") ? "l." + layer : name;
    }

    @Override
    public boolean precedesLayers(String canonicalName) {
      return canonicalName.equals("embed");
    }

    @Override
    public boolean isVocabulary(String canonicalName) {
      return canonicalName.equals("embed") || canonicalName.equals("head");
    }
  }
}
