package io.hfmerge.hf.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.hfmerge.hf.testing.Mutations;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlainHeaderTest {

  private static final int INPUTS = 5_000;

  private static final String TWO =
      """
      {"__metadata__":{"format":"pt"},\
      "a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},\
      "b":{"dtype":"I64","shape":[],"data_offsets":[24,32]}}\
      """;

  @Test
  void readsWhatWritersWrite() {
    assertThat(PlainHeader.read(bytes(TWO + "     "))).isPresent();
    assertThat(PlainHeader.read(bytes(TWO.replace(":", " :\n\t").replace(",", " , "))))
        .isEqualTo(PlainHeader.read(bytes(TWO)));
    assertThat(PlainHeader.read(bytes("{}"))).isPresent();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"\\u0061\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}",
        "{\"ä\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4],\"more\":1}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[01],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775808],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F99\",\"shape\":[],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}} x",
        "{\"a\":1}",
        "[]",
        ""
      })
  void leavesWhatIsNotPlainToTheGeneralReader(String header) {
    assertThat(PlainHeader.read(bytes(header))).isEmpty();
  }

  @Test
  void namesThatStandTwiceAreNotPlain() {
    assertThat(PlainHeader.read(bytes(TWO.replace("\"b\"", "\"a.weight\"")))).isEmpty();
    assertThat(PlainHeader.read(bytes(TWO.replace("\"b\":{", "\"__metadata__\":{")))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void whatItReadsTheGeneralReaderReadsToo(long seed) throws IOException {
    List<byte[]> seeds = Mutations.seeds(HeaderFuzzTest.class, "header");
    Mutations.run(seeds, seed, INPUTS, PlainHeaderTest::compare);
  }

  private static void compare(byte[] header) {
    PlainHeader.read(header)
        .ifPresent(plain -> {
          long end =
              plain.entries().stream()
                  .map(SafetensorsHeader.Entry::end)
                  .max(Comparator.naturalOrder())
                  .orElse(0L);
          long fileBytes = 8L + header.length + end;
          Throwable refusal =
              catchThrowable(() -> SafetensorsHeaderParser.parseGeneral("f", header, fileBytes));
          if (refusal == null) {
            assertThat(SafetensorsHeaderParser.parse("f", header, fileBytes))
                .isEqualTo(SafetensorsHeaderParser.parseGeneral("f", header, fileBytes));
          } else {
            assertThat(catchThrowable(() -> SafetensorsHeaderParser.parse("f", header, fileBytes)))
                .hasSameClassAs(refusal)
                .hasMessage(refusal.getMessage());
          }
        });
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
