package io.hfmerge.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import io.hfmerge.cli.output.ProgressLine;
import org.jspecify.annotations.NullMarked;

/** What holds for this module as a whole. */
@AnalyzeClasses(packages = "io.hfmerge.cli", importOptions = ImportOption.DoNotIncludeTests.class)
class ModuleRulesTest {

  @ArchTest
  static final ArchRule COMMANDS_PRINT_THROUGH_PICOCLI =
      noClasses()
          .that()
          .doNotBelongToAnyOf(Main.class, StandardError.class, ProgressLine.class)
          .should(ACCESS_STANDARD_STREAMS);

  @ArchTest
  static final ArchRule PACKAGES_HAVE_NO_CYCLES =
      slices().matching("io.hfmerge.cli.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule ONLY_THE_ENTRY_POINT_ENDS_THE_PROCESS =
      noClasses()
          .that()
          .doNotBelongToAnyOf(Main.class)
          .should()
          .callMethod(System.class, "exit", int.class);

  @ArchTest
  static final ArchRule PACKAGES_ARE_NULL_MARKED = classes().should(liveInNullMarkedPackages());

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
