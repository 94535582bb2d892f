package io.hfmerge.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class ParameterValueTest {

  /** A few roundings of numbers around 1. */
  private static final double ROUNDING = 1e-14;

  @RepeatedTest(10)
  void gradientsAreTheSumOfTentsAroundTheirKnots(RepetitionInfo repetition) {
    Random random = new Random(repetition.getCurrentRepetition());
    List<Double> knots = random.doubles(1 + random.nextInt(9), -1, 1).boxed().toList();
    ParameterRule rule = new ParameterRule(ParameterRule.ANY, knots, false);
    for (int layers = 1; layers < 50; layers++) {
      for (int layer = 0; layer < layers; layer++) {
        double position = layers == 1 ? 1 : layer / (layers - 1.0);
        double expected = 0;
        for (int i = 0; i < knots.size(); i++) {
          double distance = Math.abs(position * (knots.size() - 1) - i);
          expected += Math.max(0, 1 - distance) * knots.get(i);
        }
        assertThat(rule.at(position)).isCloseTo(expected, within(ROUNDING));
      }
    }
    assertThat(rule.at(0)).isEqualTo(knots.getFirst());
    assertThat(rule.at(1)).isEqualTo(knots.getLast());
  }

  @Test
  void stepsChangeAtTheNextKnotOnly() {
    ParameterRule rule = new ParameterRule(ParameterRule.ANY, List.of(0.0, 1.0, 0.0), true);
    assertThat(List.of(0.0, 0.49, 0.5, 0.99, 1.0))
        .extracting(rule::stepAt)
        .containsExactly(0.0, 0.0, 1.0, 1.0, 0.0);
  }

  @RepeatedTest(10)
  void theFirstRuleWhoseFilterIsPartOfTheNameCounts(RepetitionInfo repetition) {
    Random random = new Random(repetition.getCurrentRepetition());
    List<ParameterRule> rules = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      rules.add(new ParameterRule(letters(random, 1 + random.nextInt(2)), List.of(i + 0.5), false));
    }
    ParameterValue value = new ParameterValue(rules);
    for (int i = 0; i < 100; i++) {
      String name = letters(random, 4);
      Double expected = null;
      for (int j = rules.size() - 1; j >= 0; j--) {
        expected = name.indexOf(rules.get(j).filter()) >= 0 ? Double.valueOf(j + 0.5) : expected;
      }
      assertThat(value.at(name, random.nextDouble()).stream().boxed().toList())
          .as("%s in %s", name, rules)
          .isEqualTo(expected == null ? List.of() : List.of(expected));
    }
  }

  private static String letters(Random random, int length) {
    return random
        .ints(length, 'a', 'e')
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }
}
