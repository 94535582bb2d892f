package io.hfmerge.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProgressTextTest {

  private static final long SECOND = 1_000_000_000L;

  @Test
  void tellsShareBytesThroughputAndRemainingTime() {
    ProgressText text = new ProgressText("merging", 6_600_000_000L);
    assertThat(text.line(SECOND, 2_200_000_000L, 100))
        .isEqualTo(
            "merging  33 % [==========                    ] 2.20 GB of 6.60 GB, 2.20 GB/s, 2 s"
                + " left");
    assertThat(text.line(3 * SECOND, 6_600_000_000L, 100))
        .isEqualTo(
            "merging 100 % [==============================] 6.60 GB of 6.60 GB, 2.20 GB/s, 0 s"
                + " left");
  }

  @Test
  void showsNoThroughputBeforeThereIsOne() {
    ProgressText text = new ProgressText("merging", 1000);
    assertThat(text.line(1000, 0, 100)).endsWith("] 0 B of 1.00 kB");
    assertThat(text.line(2000, 10, 100)).endsWith("] 10 B of 1.00 kB");
    assertThat(text.line(SECOND / 2, 0, 100)).doesNotContain("?", "/s");
  }

  @Test
  void looksAtTheLastSecondsOnly() {
    ProgressText text = new ProgressText("merging", 1_000_000);
    for (int second = 1; second <= 10; second++) {
      text.line(second * SECOND, 100L * second, 100);
    }
    String line = "";
    for (int second = 11; second <= 20; second++) {
      line = text.line(second * SECOND, 1000 + 10_000L * (second - 10), 100);
    }
    assertThat(line).endsWith("101.0 kB of 1.00 MB, 10.0 kB/s, 1:30 min left");
  }

  @Test
  void fitsIntoTheColumns() {
    ProgressText text = new ProgressText("computing checksums", 6_600_000_000_000L);
    for (int columns = 0; columns < 120; columns++) {
      assertThat(text.line(SECOND * (columns + 1), 1_000_000_000L * columns, columns))
          .hasSizeLessThanOrEqualTo(columns);
    }
    assertThat(text.line(1000 * SECOND, 200_000_000_000L, 79)).contains("[", "h left");
  }

  @Test
  void nothingToDoIsAllDone() {
    assertThat(new ProgressText("merging", 0).line(0, 0, 79)).startsWith("merging 100 %");
  }
}
