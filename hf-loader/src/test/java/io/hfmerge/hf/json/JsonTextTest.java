package io.hfmerge.hf.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class JsonTextTest {

  private static Map<String, Object> sample() {
    Map<String, Object> sample = new LinkedHashMap<>();
    sample.put("text", "quote \" backslash \\ line\nnull \u0000 \u00e9\ud83d\ude42");
    sample.put("numbers", List.of(1, -2L, 0.1, 1e300, Long.MAX_VALUE));
    sample.put("nothing", Map.of());
    sample.put("none", List.of());
    sample.put("deep", Map.of("a", Map.of("b", List.of(true, Map.of("c", "d")))));
    return sample;
  }

  @Test
  void isReadBackByAnotherReader() {
    Map<String, Object> sample = sample();
    Object expected = JsonMapper.shared().valueToTree(sample);
    assertThat(JsonMapper.shared().readTree(JsonText.line(sample)).toString())
        .isEqualTo(expected.toString());
    assertThat(JsonMapper.shared().readTree(JsonText.lines(sample)).toString())
        .isEqualTo(expected.toString());
  }

  @Test
  void givesTwoLevelsLinesOfTheirOwn() {
    assertThat(JsonText.lines(Map.of("a", Map.of("b", Map.of("c", List.of(1, 2), "d", "e")))))
        .satisfiesAnyOf(
            text ->
                assertThat(text)
                    .isEqualTo(
                        """
                        {
                          "a": {
                            "b": {"c": [1, 2], "d": "e"}
                          }
                        }
                        """),
            text ->
                assertThat(text)
                    .isEqualTo(
                        """
                        {
                          "a": {
                            "b": {"d": "e", "c": [1, 2]}
                          }
                        }
                        """));
    assertThat(JsonText.line(sample())).doesNotContain("\n");
  }

  @Test
  void writesWhatJsonDoesNotKnowAsText() {
    assertThat(JsonText.line(List.of(Double.NaN, Double.NEGATIVE_INFINITY)))
        .isEqualTo("[\"NaN\", \"-Infinity\"]");
    assertThatThrownBy(() -> JsonText.line(List.of(new Object())))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
