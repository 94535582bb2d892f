package io.hfmerge.hf.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OutputConfigTest {

  /** Spacing, escapes and numbers that no JSON library would write this way. */
  private static final String ODD =
      """
      {  "model_type":"own", "torch_dtype" : "float16",
         "n\\u00e4me": "\\u00fc", "eps":1E-5, "big": 1e+10,"tiny": 0.10 , "list":[ ]}
      """;

  @TempDir Path temp;

  @Test
  void isTheBasesByteForByteWhereTheDtypeStays() throws IOException {
    assertThat(write(ODD, null)).isEqualTo(ODD);
    assertThat(write(ODD, DType.F16)).isEqualTo(ODD);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{`z`: 1, `dtype`: `float32`, `a`: 2}|{`z`: 1, `dtype`: `bfloat16`, `a`: 2}",
        "{`z`: 1, `torch_dtype`: `float32`, `a`: 2}|{`z`: 1, `torch_dtype`: `bfloat16`, `a`: 2}",
        "{`dtype`: `float32`, `torch_dtype`: `float32`}"
            + "|{`dtype`: `bfloat16`, `torch_dtype`: `bfloat16`}",
        "{`z`: 1}|{`z`: 1, `torch_dtype`: `bfloat16`}",
        "{`dtype`: null}|{`dtype`: `bfloat16`}",
        "{`dtype`: `auto`}|{`dtype`: `bfloat16`}",
        "{`dtype`: `bfloat16`, `torch_dtype`: `float32`}"
            + "|{`dtype`: `bfloat16`, `torch_dtype`: `bfloat16`}",
      })
  void setsTheKeysOfTheDtypeAndKeepsTheOthersInOrder(String base, String expected)
      throws IOException {
    assertThat(write(base.replace('`', '"'), DType.BF16))
        .isEqualToIgnoringWhitespace(expected.replace('`', '"'));
  }

  @Test
  void changesNothingButTheDtype() throws IOException {
    assertThat(write(ODD, DType.BF16)).isEqualTo(ODD.replace("float16", "bfloat16"));
    String python =
        "{\"x\": Infinity, \"dtype\": \"torch.float32\", \"y\": NaN, \"z\": [-Infinity]}";
    assertThat(write(python, DType.F16)).isEqualTo(python.replace("torch.float32", "float16"));
    assertThat(write(python, DType.F32)).isEqualTo(python);
  }

  @Test
  void leavesTheDtypeOfNestedConfigsAlone() throws IOException {
    String nested = "{\"vision\": {\"dtype\": \"float32\"}, \"dtype\": \"float32\"}";
    assertThat(write(nested, DType.F16))
        .isEqualTo("{\"vision\": {\"dtype\": \"float32\"}, \"dtype\": \"float16\"}");
  }

  @Test
  void fillsAnEmptyConfig() throws IOException {
    assertThat(write("{}", DType.F16)).isEqualTo("{\n  \"torch_dtype\": \"float16\"}");
  }

  @Test
  void refusesAConfigThatIsNoObject() {
    assertThatThrownBy(() -> write("[1]", DType.F16))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("base.json");
  }

  private String write(String base, DType dtype) throws IOException {
    Path source = Files.writeString(temp.resolve("base.json"), base);
    Path target = temp.resolve("config.json");
    OutputConfig.write(source, target, Optional.ofNullable(dtype));
    return Files.readString(target);
  }
}
