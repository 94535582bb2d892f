package io.hfmerge.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.ModelResolver;
import io.hfmerge.hf.arch.Role;
import io.hfmerge.hf.arch.WeightMatrix;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A jar alone adds methods, families, references and commands. */
class PluginTest {

  @TempDir Path temp;

  private final Thread thread = Thread.currentThread();
  private ClassLoader before;
  private URLClassLoader loader;

  @BeforeEach
  void load() throws IOException {
    before = thread.getContextClassLoader();
    URL[] jars = {PluginJar.build(temp).toUri().toURL()};
    loader = new JarFirst(jars, before);
  }

  @AfterEach
  void unload() throws IOException {
    thread.setContextClassLoader(before);
    loader.close();
  }

  /** Takes the plug-ins from the jar, although the tests have them too. */
  private static final class JarFirst extends URLClassLoader {

    JarFirst(URL[] jars, ClassLoader parent) {
      super(jars, parent);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith(PluginJar.PACKAGE)) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        return loaded == null ? findClass(name) : loaded;
      }
    }
  }

  @Test
  void isSeenByTheContextClassLoaderAndByOneThatIsPassed() throws IOException {
    assertThat(MergeMethods.installed().find("largest")).isEmpty();
    MergeMethod passed = MergeMethods.installed(loader).find("largest").orElseThrow();
    assertThat(passed.getClass().getClassLoader()).isSameAs(loader);
    Path tiny = PluginJar.tinyModel(temp.resolve("tiny"));
    try (HfModel model = HfModels.load(loader).openModel("plugged:" + tiny)) {
      assertThat(model.structure().known()).isTrue();
    }
    thread.setContextClassLoader(loader);
    assertThat(MergeMethods.installed().names()).contains("largest", "linear");
    HfModels.open("plugged:" + tiny).close();
  }

  @Test
  void addsAFamilyAndAReference() throws IOException {
    thread.setContextClassLoader(loader);
    Path tiny = PluginJar.tinyModel(temp.resolve("tiny"));
    try (HfModel model = HfModels.open("plugged:" + tiny)) {
      assertThat(model.structure().modelType()).isEqualTo("tiny");
      assertThat(model.structure().layerMatrices())
          .extracting(WeightMatrix::role)
          .containsExactly(Role.M1);
    }
    assertThat(Outcome.of("inspect", "plugged:" + tiny).assertDone().out()).contains("M1");
    assertThat(Outcome.of("inspect", "none").err()).contains("tried a plug-in");
  }

  @Test
  void addsAMethod() throws IOException {
    thread.setContextClassLoader(loader);
    assertThat(Outcome.of("methods").assertDone().out()).contains("largest");
    assertThat(Outcome.of("methods", "largest").assertDone().out())
        .startsWith("largest: largest value of each element");
    Workplace place = new Workplace(temp);
    Path recipe = place.recipe(PluginJar.recipe(place));
    Outcome.of("merge", recipe.toString(), place.out.toString()).assertDone();
    try (HfModel merged = HfModels.open(place.out.toString());
        HfModel base = HfModels.open(place.base.toString());
        HfModel a = HfModels.open(place.a.toString())) {
      for (TensorSpec spec : merged.checkpoint().tensors()) {
        double[] expected = values(base, spec);
        double[] others = values(a, spec);
        for (int i = 0; i < expected.length; i++) {
          expected[i] = Math.max(expected[i], others[i]);
        }
        assertThat(values(merged, spec)).isEqualTo(expected);
      }
    }
  }

  private static double[] values(HfModel model, TensorSpec spec) {
    double[] values = new double[Math.toIntExact(spec.elements())];
    TensorCodec.decode(
        DType.F32, model.checkpoint().mapped(spec.name()).orElseThrow(), 0, values, values.length);
    return values;
  }

  @Test
  void addsACommand() {
    thread.setContextClassLoader(loader);
    assertThat(Outcome.of("greet").assertDone().out()).isEqualToIgnoringNewLines("hello");
    assertThat(Outcome.of("--help").assertDone().out()).contains("greet");
  }

  @Test
  void isNamedWhenItCannotBeLoaded() throws IOException {
    Path services = Files.createDirectories(temp.resolve("broken/META-INF/services"));
    Files.writeString(services.resolve(ModelResolver.class.getName()), "no.such.Resolver");
    Files.writeString(services.resolve(MergeMethod.class.getName()), "no.such.Method");
    URL[] broken = {temp.resolve("broken").toUri().toURL()};
    try (URLClassLoader bad = new URLClassLoader(broken, before)) {
      assertThatThrownBy(() -> HfModels.load(bad))
          .isInstanceOf(UnsupportedFeatureException.class)
          .hasMessageContaining("no.such.Resolver");
      assertThatThrownBy(() -> MergeMethods.installed(bad))
          .isInstanceOf(UnsupportedFeatureException.class)
          .hasMessageContaining("no.such.Method");
    }
  }
}
