package io.hfmerge.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.method.ParameterDescription.Scope;
import java.util.List;
import org.junit.jupiter.api.Test;

class MergeMethodsTest {

  @Test
  void findsTheInstalledMethodsByName() {
    assertThat(MergeMethods.installed().names()).contains("linear", "task_arithmetic").isSorted();
    assertThat(MergeMethods.installed().find("liner")).isEmpty();
  }

  @Test
  void everyInstalledMethodTellsWhatItIs() {
    for (MergeMethod method : MergeMethods.installed().all()) {
      assertThat(method.description().summary()).isNotBlank();
      assertThat(method.description().parameters())
          .allSatisfy(parameter -> assertThat(parameter.meaning()).isNotBlank());
    }
  }

  @Test
  void refusesTwoMethodsOfOneNameAndNamesBothClasses() {
    MergeMethod impostor =
        new MergeMethod() {
          @Override
          public MethodDescription description() {
            return new LinearMethod().description();
          }

          @Override
          public TensorMerge prepare(TensorContext context) {
            return new LinearMethod().prepare(context);
          }
        };
    assertThatThrownBy(() -> MergeMethods.of(List.of(new LinearMethod(), impostor)))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("\"linear\"")
        .hasMessageContaining(LinearMethod.class.getName())
        .hasMessageContaining(impostor.getClass().getName());
  }

  @Test
  void descriptionsAreChecked() {
    assertThatThrownBy(() -> new Paper("x", "12.3")).isInstanceOf(IllegalArgumentException.class);
    ParameterDescription weight =
        ParameterDescription.number("weight", Scope.PER_MODEL, 1.0, "share");
    assertThatThrownBy(() -> weight.within(2, 3)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() ->
            new MethodDescription(
                "m", "s", List.of(), BaseModelUse.UNUSED, 1, 2, List.of(weight, weight)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("weight");
  }
}
