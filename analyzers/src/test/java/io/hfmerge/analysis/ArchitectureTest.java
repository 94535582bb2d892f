package io.hfmerge.analysis;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.GeneralCodingRules;
import org.junit.jupiter.api.Test;

class ArchitectureTest {

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.hfmerge.analysis");

  @Test
  void packagesHaveNoCycles() {
    slices().matching("io.hfmerge.analysis.(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void nothingPrints() {
    GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS.check(CLASSES);
  }

  @Test
  void onlyOnePackageUsesDjl() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.hfmerge.analysis.djl")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("ai.djl..")
        .check(CLASSES);
  }

  @Test
  void onlyOnePackageUsesOpenBlas() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.hfmerge.analysis.spectral")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.bytedeco..")
        .check(CLASSES);
  }

  @Test
  void partsDoNotKnowTheWhole() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "io.hfmerge.analysis.matrix",
            "io.hfmerge.analysis.spectral",
            "io.hfmerge.analysis.djl",
            "io.hfmerge.analysis.metric")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.hfmerge.analysis", "io.hfmerge.analysis.report")
        .check(CLASSES);
  }
}
