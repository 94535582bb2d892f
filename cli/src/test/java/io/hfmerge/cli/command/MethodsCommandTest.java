package io.hfmerge.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.cli.HfMerge;
import io.hfmerge.method.BaseModelUse;
import io.hfmerge.method.MergeMethod;
import io.hfmerge.method.MergeMethods;
import io.hfmerge.method.ParameterDescription;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class MethodsCommandTest {

  private record Outcome(int code, String out, String err) {}

  private static Outcome run(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine commandLine =
        HfMerge.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    return new Outcome(commandLine.execute(arguments), out.toString(), err.toString());
  }

  static List<String> names() {
    return MergeMethods.installed().names();
  }

  @Test
  void listsEveryMethodWithParametersAndSources() {
    Outcome list = run("methods");
    assertThat(list.code()).isZero();
    assertThat(list.err()).isEmpty();
    for (String name : names()) {
      assertThat(list.out()).containsPattern("(?m)^ *" + name + " ");
    }
    assertThat(list.out())
        .contains("base + 2 or more", "(base +) 2", "weight*!", "select_topk=1", "eps=1e-8")
        .contains("Jang et al. 2024");
    assertThat(list.out().lines()).allSatisfy(line -> assertThat(line.length()).isLessThan(101));
  }

  @ParameterizedTest
  @MethodSource("names")
  void explainsEachWithin100Columns(String name) {
    MergeMethod method = MergeMethods.installed().find(name).orElseThrow();
    String page = run("methods", name).out();
    assertThat(page).startsWith(name + ": " + method.description().summary());
    assertThat(page.lines())
        .filteredOn(line -> !line.contains("https://"))
        .allSatisfy(line -> assertThat(line.length()).isLessThan(101));
    for (ParameterDescription parameter : method.description().parameters()) {
      assertThat(page)
          .containsPattern(
              "(?m)^  " + parameter.name() + " +(number|true or false|[a-z]+ or [a-z]+)");
    }
    method.description().formula().lines().forEach(line -> assertThat(page).contains(line));
    assertThat(page).contains("Differs from mergekit");
  }

  @Test
  void explainsFormulaRangesDefaultsSourceAndDepartures() {
    assertThat(run("methods", "karcher").out())
        .contains("exp_u", "max_iter", "number from 0 to 1000, default 10")
        .contains("https://arxiv.org/abs/2603.04972", "compat: mergekit averages it");
    assertThat(run("methods", "slerp").out())
        .contains("number, must be given: 0 gives the base, 1 the other model");
    assertThat(run("methods", "ties").out())
        .contains("weighted or unweighted, default weighted", "density_i n");
    assertThat(run("methods", "passthrough").out()).contains("Source       none");
    assertThat(run("methods", "nearswap").out()).contains("Differs from mergekit: no");
  }

  @Test
  void suggestsAMethodForAMisspeltOne() {
    Outcome wrong = run("methods", "slrep");
    assertThat(wrong.code()).isEqualTo(2);
    assertThat(wrong.out()).isEmpty();
    assertThat(wrong.err()).contains("no merge method \"slrep\"", "did you mean \"slerp\"?");
  }

  @Test
  void writesTheSameAsJson() {
    JsonNode root = JsonMapper.shared().readTree(run("methods", "--format", "json").out());
    assertThat(root.get("methods").size()).isEqualTo(names().size());
    JsonNode one =
        JsonMapper.shared()
            .readTree(run("methods", "multislerp", "--format", "json").out())
            .get("methods")
            .get(0);
    assertThat(one.get("baseModel").stringValue())
        .isEqualTo(BaseModelUse.OPTIONAL.name().toLowerCase(java.util.Locale.ROOT));
    assertThat(one.get("parameters").get(1).get("default").booleanValue()).isTrue();
    assertThat(one.get("papers").get(0).get("url").stringValue()).startsWith("https://");
  }
}
