package io.hfmerge.hf;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import org.jspecify.annotations.NullMarked;

/** What holds for this module as a whole. */
@AnalyzeClasses(packages = "io.hfmerge.hf", importOptions = ImportOption.DoNotIncludeTests.class)
class ModuleRulesTest {

  @ArchTest
  static final ArchRule ONLY_THE_DJL_PACKAGE_KNOWS_DJL =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.hfmerge.hf.djl..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("ai.djl..");

  @ArchTest
  static final ArchRule PACKAGES_HAVE_NO_CYCLES =
      slices().matching("io.hfmerge.(**)").should().beFreeOfCycles();

  @ArchTest static final ArchRule NOTHING_PRINTS = NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS;

  @ArchTest
  static final ArchRule PACKAGES_ARE_NULL_MARKED = classes().should(liveInNullMarkedPackages());

  @ArchTest
  static final ArchRule NOTHING_IS_A_UTILITY_DRAWER =
      noClasses().should().haveNameMatching(".*(Utils?|Manager|Helper)");

  /** So that no name in a pickle can ever become a class, whatever its reader does with it. */
  @ArchTest
  static final ArchRule PICKLES_CANNOT_LOAD_CLASSES_OR_RUN_ANYTHING =
      noClasses()
          .that()
          .resideInAPackage("io.hfmerge.hf.torchbin")
          .should()
          .accessClassesThat()
          .haveNameMatching(
              "java\\.lang\\.(ClassLoader|Runtime|Process.*|Module.*)"
                  + "|java\\.lang\\.reflect\\..*|java\\.lang\\.invoke\\.MethodHandles.*"
                  + "|java\\.io\\.Object.*Stream|java\\.util\\.ServiceLoader|javax\\.script\\..*")
          .orShould()
          .callMethod(Class.class, "forName", String.class);

  private static ArchCondition<JavaClass> liveInNullMarkedPackages() {
    return new ArchCondition<>("live in packages that are @NullMarked") {
      @Override
      public void check(JavaClass type, ConditionEvents events) {
        if (!type.getPackage().isAnnotatedWith(NullMarked.class)) {
          events.add(
              SimpleConditionEvent.violated(
                  type, type.getName() + " is in a package that is not @NullMarked"));
        }
      }
    };
  }
}
