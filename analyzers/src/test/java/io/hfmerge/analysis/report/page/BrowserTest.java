package io.hfmerge.analysis.report.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.hfmerge.analysis.report.SampleConflicts;
import io.hfmerge.analysis.report.SampleReports;
import io.hfmerge.analysis.report.section.AnalysisPage;
import io.hfmerge.analysis.report.section.ConflictPage;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/**
 * Looks at pages in a headless browser, where this machine has one. The pictures stay in {@code
 * target/screenshots} for people to look at.
 */
@TestInstance(Lifecycle.PER_CLASS)
class BrowserTest {

  private static final Path PICTURES = Path.of("target", "screenshots");
  private static final int PHONE = 390;
  private static final int DESK = 1366;
  private static final int WHITE = 0xffffff;

  private Chromium browser;
  private Path one;
  private Path several;
  private Path conflicts;

  @BeforeAll
  void start(@TempDir Path profile) throws Exception {
    Optional<Path> program = Chromium.find();
    assumeTrue(
        program.isPresent(),
        "SKIPPED: no Chromium on the path or in CHROME_BIN, so no page was looked at in a browser");
    browser = new Chromium(program.get(), profile);
    Files.createDirectories(PICTURES);
    one =
        Files.writeString(
            PICTURES.resolve("one.html"),
            HtmlPage.write(AnalysisPage.of(List.of(SampleReports.pretrained())), "test"));
    several =
        Files.writeString(
            PICTURES.resolve("several.html"),
            HtmlPage.write(
                AnalysisPage.of(
                    List.of(
                        SampleReports.of("llama"),
                        SampleReports.of("mistral"),
                        SampleReports.of("bert"))),
                "test"));
    conflicts =
        Files.writeString(
            PICTURES.resolve("conflicts.html"),
            HtmlPage.write(
                ConflictPage.of(
                    SampleConflicts.of("llama", List.of("math", "code", "a-much-longer-name"))),
                "test"));
  }

  @AfterAll
  void stop() throws Exception {
    if (browser != null) {
      browser.close();
    }
  }

  private BufferedImage look(Path page, String name, int width, boolean dark, String media)
      throws Exception {
    browser.open(page.toAbsolutePath(), width, 900, dark, media);
    int height = (int) browser.number("document.documentElement.scrollHeight");
    byte[] png = browser.screenshot(width, height);
    Files.write(PICTURES.resolve(name + ".png"), png);
    assertThat(browser.console()).as("console").isEmpty();
    assertThat(browser.requests()).containsExactly(page.toAbsolutePath().toUri().toString());
    assertThat(browser.number("document.documentElement.scrollWidth"))
        .as("nothing reaches over the edge of the screen")
        .isLessThanOrEqualTo(width);
    assertThat(browser.number("document.querySelectorAll('script').length")).isZero();
    return Objects.requireNonNull(ImageIO.read(new ByteArrayInputStream(png)));
  }

  private static int colorAt(BufferedImage image, int x, int y) {
    return image.getRGB(x, y) & 0xffffff;
  }

  private static long colors(BufferedImage image) {
    return java.util.stream.IntStream.range(0, image.getHeight())
        .boxed()
        .flatMap(y ->
            java.util.stream.IntStream.range(0, image.getWidth() / 3)
                .mapToObj(x -> image.getRGB(3 * x, y)))
        .distinct()
        .limit(100)
        .count();
  }

  @Test
  void pageIsQuietAndFitsDeskAndPhone() throws Exception {
    BufferedImage desk = look(one, "one-desk", DESK, false, "screen");
    assertThat(colorAt(desk, 2, 2)).isEqualTo(WHITE);
    assertThat(colors(desk)).isGreaterThan(50);
    BufferedImage phone = look(one, "one-phone", PHONE, false, "screen");
    assertThat(phone.getHeight()).isGreaterThan(desk.getHeight());
  }

  @Test
  void pageIsDarkWhereTheReaderWantsIt() throws Exception {
    BufferedImage dark = look(one, "one-dark", DESK, true, "screen");
    assertThat(colorAt(dark, 2, 2) & 0xff).isLessThan(64);
    assertThat(colors(dark)).isGreaterThan(50);
    look(one, "one-phone-dark", PHONE, true, "screen");
  }

  @Test
  void printIsLightInTheDarkToo() throws Exception {
    BufferedImage print = look(one, "one-print", 794, true, "print");
    assertThat(colorAt(print, 2, 2)).isEqualTo(WHITE);
  }

  @Test
  void severalModelsFitDeskAndPhone() throws Exception {
    look(several, "several-desk", DESK, false, "screen");
    look(several, "several-dark", DESK, true, "screen");
    look(several, "several-phone", PHONE, false, "screen");
  }

  @Test
  void conflictsFitDeskAndPhoneInLightAndDark() throws Exception {
    BufferedImage desk = look(conflicts, "conflicts-desk", DESK, false, "screen");
    assertThat(colorAt(desk, 2, 2)).isEqualTo(WHITE);
    assertThat(colors(desk)).isGreaterThan(50);
    BufferedImage dark = look(conflicts, "conflicts-dark", DESK, true, "screen");
    assertThat(colorAt(dark, 2, 2) & 0xff).isLessThan(64);
    BufferedImage phone = look(conflicts, "conflicts-phone", PHONE, false, "screen");
    assertThat(phone.getHeight()).isGreaterThan(desk.getHeight());
    plotsAreLargeEnough();
  }

  @Test
  void textOfPlotsIsLargeEnoughOnAPhone() throws Exception {
    look(one, "one-phone", PHONE, false, "screen");
    plotsAreLargeEnough();
  }

  private void plotsAreLargeEnough() throws Exception {
    assertThat(
            browser.number(
                """
                Math.min(...[...document.querySelectorAll('.panel svg')].map(s =>
                  s.getBoundingClientRect().width / s.viewBox.baseVal.width))\
                """))
        .as("the smallest scale of a plot, whose text is 10.5 pixels high")
        .isGreaterThan(0.9);
  }
}
