package io.hfmerge.hf.djl.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.hf.djl.block.InvalidInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LabelledTextsTest {

  @TempDir private Path folder;

  private Path file(String name, String text) throws Exception {
    return Files.writeString(folder.resolve(name), text);
  }

  @Test
  void readsTabsAndLinesOfJson() throws Exception {
    Path tsv = file("a.tsv", "id\tsentence\tlabel\n1\tit's \"good\"\tpos\n2\tbad\tneg\n");
    Path jsonl = file("a.jsonl", "{\"text\": \"a\", \"text_pair\": \"b\", \"label\": 1}\n\n");

    assertThat(LabelledTexts.read(tsv).rows())
        .containsExactly(
            new LabelledTexts.Row("it's \"good\"", Optional.empty(), "pos"),
            new LabelledTexts.Row("bad", Optional.empty(), "neg"));
    assertThat(LabelledTexts.read(jsonl).rows())
        .containsExactly(new LabelledTexts.Row("a", Optional.of("b"), "1"));
  }

  @Test
  void namesTheLineThatDoesNotFit() throws Exception {
    Path cells = file("b.tsv", "text\tlabel\na\t1\nb\n");
    Path json = file("b.jsonl", "{\"text\": \"a\", \"label\": 1}\n{\"text\": \n");
    Path label = file("c.jsonl", "{\"text\": \"a\"}\n");
    Path empty = file("c.tsv", "text\tlabel\n");
    Path named = file("d.tsv", "words\tlabel\na\t1\n");

    refuses(cells, "line 3: expected 2 cells, as in the first line, found 1");
    refuses(json, "line 2: expected a JSON object");
    refuses(label, "line 1: expected a column label");
    refuses(named, "line 1: expected a column named as one of [text, sentence, ");
    refuses(named, "found [words, label]");
    refuses(empty, "expected at least one labelled text");
    refuses(folder.resolve("x.csv"), "ends in .tsv or .jsonl");
  }

  private static void refuses(Path file, String message) {
    assertThatThrownBy(() -> LabelledTexts.read(file))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(message);
  }
}
