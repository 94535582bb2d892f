package io.hfmerge.hf.vocab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.recipe.ChatTemplateChoice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatTemplatesTest {

  @TempDir Path folder;

  @Test
  void everyNameOfARecipeHasATemplateOfItsPublishedMarks() throws IOException {
    Map<String, String> marks =
        Map.of(
            "alpaca", "### Instruction:",
            "chatml", "<|im_end|>",
            "exaone", "[|endofturn|]",
            "llama3", "<|eot_id|>",
            "mistral", "[/INST]");
    assertThat(marks.keySet()).containsExactlyInAnyOrderElementsOf(ChatTemplateChoice.NAMES);
    for (Map.Entry<String, String> mark : marks.entrySet()) {
      assertThat(ChatTemplates.named(mark.getKey())).contains(mark.getValue(), "messages");
    }
  }

  @Test
  void theTemplateFileComesBeforeTheTokenizerConfig() throws IOException {
    assertThat(ChatTemplates.read(folder)).isEmpty();
    Files.writeString(folder.resolve("tokenizer_config.json"), "{\"chat_template\": null}");
    assertThat(ChatTemplates.read(folder)).isEmpty();
    Files.writeString(folder.resolve("tokenizer_config.json"), "{\"chat_template\": \"a\"}");
    assertThat(ChatTemplates.read(folder)).contains("a");
    Files.writeString(folder.resolve("chat_template.jinja"), "b");
    assertThat(ChatTemplates.read(folder)).contains("b");
  }
}
