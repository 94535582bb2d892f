package io.hfmerge.hf.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

class JsonEditTest {

  @Test
  void replacesAValueAndNothingElse() {
    String text = "{ \"a\" : 1.0e3,\n\t\"b\":{\"c\":[1, 2] , \"d\": \"x\\\"}\"},\"e\":null}\n";
    assertThat(JsonEdit.set(text, List.of("a"), "7")).isEqualTo(text.replace("1.0e3", "7"));
    assertThat(JsonEdit.set(text, List.of("b", "c"), "true"))
        .isEqualTo(text.replace("[1, 2]", "true"));
    assertThat(JsonEdit.set(text, List.of("b", "d"), "0"))
        .isEqualTo(text.replace("\"x\\\"}\"", "0"));
    assertThat(JsonEdit.set(text, List.of("e"), "[]")).isEqualTo(text.replace("null", "[]"));
  }

  @Test
  void addsWhatIsMissingAfterTheLastValue() {
    assertThat(JsonEdit.set("{}", List.of("a"), "1")).isEqualTo("{\n  \"a\": 1\n}");
    assertThat(JsonEdit.set("{\n  \"a\": 1\n}\n", List.of("b"), "2"))
        .isEqualTo("{\n  \"a\": 1,\n  \"b\": 2\n}\n");
    assertThat(JsonEdit.append("{\"l\": [ ]}", List.of("l"), List.of("1", "2")))
        .isEqualTo("{\"l\": [\n    1,\n    2\n ]}");
    assertThat(JsonEdit.append(" {\"x\":1 } ", List.of(), List.of("\"y\": 2")))
        .isEqualTo(" {\"x\":1,\n  \"y\": 2 } ");
  }

  @Test
  void refusesPathsThatLeadNowhere() {
    assertThatThrownBy(() -> JsonEdit.set("{\"a\": 1}", List.of("a", "b"), "2"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> JsonEdit.append("{\"a\": 1}", List.of("a"), List.of("2")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> JsonEdit.append("{\"a\": 1}", List.of("b"), List.of("2")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void editsLongTextsOfAnyCharactersAsATreeWould() {
    Random random = new Random(11);
    for (int round = 0; round < 40; round++) {
      ObjectNode tree = JsonMapper.shared().createObjectNode();
      List<String> keys = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        String key = word(random) + i;
        keys.add(key);
        switch (random.nextInt(4)) {
          case 0 -> tree.put(key, word(random).repeat(random.nextInt(400)));
          case 1 -> tree.put(key, random.nextDouble());
          case 2 -> tree.putArray(key).add(word(random)).add(random.nextInt());
          default -> tree.putObject(key).put(word(random), word(random));
        }
      }
      ArrayNode list = tree.putArray("list");
      String text = round % 2 == 0 ? PythonJson.write(tree) : tree.toString();
      String key = keys.get(random.nextInt(keys.size()));

      text = JsonEdit.set(text, List.of(key), PythonJson.string("new"));
      text = JsonEdit.append(text, List.of("list"), List.of("1", "{\"ü\": \"\uD83D\uDE00\"}"));
      text = JsonEdit.append(text, List.of("list"), List.of("3"));
      text = JsonEdit.set(text, List.of("last"), "[true]");

      tree.put(key, "new");
      list.add(1);
      list.addObject().put("ü", "\uD83D\uDE00");
      list.add(3);
      tree.putArray("last").add(true);
      assertThat(JsonMapper.shared().readTree(text)).isEqualTo(tree);
      assertThat(JsonEdit.contains(text, key)).isTrue();
      assertThat(JsonEdit.contains(text, "absent")).isFalse();
    }
  }

  private static String word(Random random) {
    String[] letters = {"a", "é", "\"", "\\", "\n", "▁", "\uD83D\uDE00", "]", "}", " ", "Ġ"};
    StringBuilder word = new StringBuilder();
    for (int i = random.nextInt(6); i >= 0; i--) {
      word.append(letters[random.nextInt(letters.length)]);
    }
    return word.toString();
  }
}
