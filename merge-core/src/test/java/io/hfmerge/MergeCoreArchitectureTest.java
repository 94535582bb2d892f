package io.hfmerge;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_THROW_GENERIC_EXCEPTIONS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

class MergeCoreArchitectureTest {

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .withImportOption(new ImportOption.DoNotIncludeJars())
          .importPackages("io.hfmerge");

  @Test
  void packagesHaveNoCycles() {
    slices().matching("io.hfmerge.(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void importsNeitherDjlNorTheModulesAboveIt() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "ai.djl..",
            "io.hfmerge.hf..",
            "io.hfmerge.analysis..",
            "io.hfmerge.cli..",
            "io.hfmerge.examples..")
        .check(CLASSES);
  }

  @Test
  void onlyTheRecipeReaderKnowsTheYamlParser() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.hfmerge.recipe")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.snakeyaml..")
        .check(CLASSES);
  }

  @Test
  void printsNothing() {
    NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS.check(CLASSES);
  }

  @Test
  void throwsNoGenericExceptions() {
    NO_CLASSES_SHOULD_THROW_GENERIC_EXCEPTIONS.check(CLASSES);
  }

  @Test
  void everyPackageIsNullMarked() {
    assertThat(CLASSES.stream().map(type -> type.getPackage()).distinct())
        .allSatisfy(javaPackage ->
            assertThat(javaPackage.tryGetPackageInfo())
                .get()
                .matches(info -> info.isAnnotatedWith(NullMarked.class)));
  }
}
