package io.hfmerge.analysis.report.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class PngImageTest {

  @Test
  void drawsScattersOfAsManyPointsAsModelsHaveRows() throws IOException {
    String points =
        IntStream.range(0, 50_000)
            .mapToObj(i -> "<circle cx=\"%d\" cy=\"%d\" r=\"1\"/>".formatted(i % 200, i / 250))
            .collect(Collectors.joining());
    byte[] png =
        PngImage.of(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"200\" height=\"200\">"
                + points
                + "</svg>");
    assertThat(Objects.requireNonNull(ImageIO.read(new ByteArrayInputStream(png))).getWidth())
        .isEqualTo(400);
  }
}
