package io.hfmerge.analysis.report.page;

import static io.hfmerge.analysis.report.page.PageXml.elements;
import static io.hfmerge.analysis.report.page.PageXml.parse;
import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.analysis.AnalysisReport;
import io.hfmerge.analysis.AnalysisReport.Model;
import io.hfmerge.analysis.AnalysisReport.Skipped;
import io.hfmerge.analysis.ReportAssembly;
import io.hfmerge.analysis.metric.MatrixMetrics;
import io.hfmerge.analysis.report.SampleReports;
import io.hfmerge.analysis.report.section.AnalysisPage;
import io.hfmerge.analysis.report.svg.Figure;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

class WrittenReportTest {

  /** Names as an attacker would choose them: markup, script, style, entities, controls, bidi. */
  private static final String HOSTILE =
      "</title></text></svg><script>alert(1)</script><img src=x onerror=alert(2)>"
          + "\"' onload='alert(3)' &lt; ]]> --> <style>*{display:none}</style>"
          + " https://example.org \u0000\u0007\u001b[31m \u202egnp\ud800 \uffff";

  private static String page(AnalysisReport... reports) {
    return HtmlPage.write(AnalysisPage.of(List.of(reports)), "test");
  }

  /** The report with every text that comes from a checkpoint or a user replaced. */
  private static AnalysisReport hostile(AnalysisReport report) {
    List<MatrixMetrics> matrices =
        report.matrices().stream()
            .map(m ->
                new MatrixMetrics(
                    m.stack(),
                    m.layer(),
                    m.role(),
                    m.expert(),
                    HOSTILE + m.tensor(),
                    m.rows(),
                    m.columns(),
                    m.dtype(),
                    m.frobenius(),
                    m.spectral(),
                    m.errorBound(),
                    m.noiseFloor(),
                    true,
                    m.constant(),
                    m.spectrum()))
            .toList();
    return ReportAssembly.of(
        new Model(
            HOSTILE,
            Optional.of(HOSTILE),
            HOSTILE,
            report.model().dimensions(),
            report.model().dtype(),
            Optional.of(HOSTILE)),
        report.settings(),
        matrices,
        report.heads(),
        report.balance(),
        List.of(new Skipped(HOSTILE, HOSTILE)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"bert", "gpt2", "gptj", "llama", "qwen2", "phi", "vit"})
  void pageIsWellFormedAndTheSameTwice(String family) throws Exception {
    AnalysisReport report = SampleReports.of(family);
    String page = page(report);
    assertThat(page(report)).isEqualTo(page);
    Document document = parse(page);
    assertThat(elements(document, "script")).isEmpty();
    assertThat(elements(document, "svg").size()).isGreaterThan(20);
  }

  @Test
  void pageHasItsPartsInOrder() throws Exception {
    Document document = parse(page(SampleReports.pretrained()));
    assertThat(elements(document, "section"))
        .extracting(section -> section.getAttribute("id"))
        .containsExactly(
            "depth",
            "spectra",
            "heads",
            "balance",
            "norms",
            "others",
            "standouts",
            "gaps",
            "method");
    assertThat(elements(document, "figure"))
        .extracting(figure -> figure.getAttribute("id"))
        .containsExactly(
            "layers-roles",
            "stable-rank-by-layer",
            "frobenius-by-layer",
            "spectral-by-layer",
            "effective-rank-by-layer",
            "pseudo-rank-by-layer",
            "epsilon-rank-by-layer",
            "spectra",
            "heads-tightness",
            "heads-discrepancy",
            "heads-pseudo-rank",
            "heads-norms",
            "heads-row-norms",
            "balance-by-layer",
            "norm-ratios");
    assertThat(elements(document, "h1")).hasSize(1);
  }

  @Test
  void pageShowsTheNumbersOfTheReport() throws Exception {
    // the float64 SVD of the golden file has 3.163 as the least stable rank, of M2 in layer 5
    Document document = parse(page(SampleReports.pretrained()));
    assertThat(elements(document, "table"))
        .filteredOn(table -> table.getTextContent().contains("Lowest stable rank"))
        .singleElement()
        .extracting(Element::getTextContent)
        .asString()
        .contains("encoder.layer.5.output.dense.weight5M23.163");
  }

  @Test
  void everyPlotAndTableHasANameForThoseWhoDoNotSeeIt() throws Exception {
    Document document = parse(page(SampleReports.of("llama"), SampleReports.of("bert")));
    Set<String> ids = PageXml.assertNamed(document);
    for (Element link : elements(document, "a")) {
      assertThat(ids).contains(link.getAttribute("href").substring(1));
    }
  }

  @Test
  void pageAsksForNothingFromElsewhere() {
    String page = page(SampleReports.of("llama"));
    assertThat(page)
        .doesNotContainPattern("(?i)(https?:)?//[a-z]")
        .doesNotContainPattern("(?i)\\b(src|srcset|xlink:href|action|data)\\s*=")
        .doesNotContainPattern("(?i)@import|url\\(|javascript:")
        .contains("default-src 'none'");
  }

  @Test
  void namesCannotBecomeMarkup() throws Exception {
    AnalysisReport report = hostile(SampleReports.of("bert"));
    String page = page(report);
    Document document = parse(page);
    assertThat(elements(document, "script")).isEmpty();
    assertThat(elements(document, "img")).isEmpty();
    assertThat(elements(document, "style")).hasSize(1);
    assertThat(Pattern.compile("<[^>]*\\son[a-z]+\\s*=").matcher(page).find()).isFalse();
    assertThat(page)
        .doesNotContain("\u0000", "\u0007", "\u001b", "\u202e", "\uffff")
        .contains("&lt;script&gt;alert(1)&lt;/script&gt;");
    for (Figure figure : AnalysisPage.of(List.of(report, report)).figures()) {
      Document svg = parse(figure.file());
      assertThat(elements(svg, "script")).isEmpty();
      assertThat(elements(svg, "svg")).hasSize(1);
    }
  }

  @Test
  void everyPlotIsWrittenAsWellFormedSvgAndAsPng(@TempDir Path folder) throws Exception {
    ReportPage page = AnalysisPage.of(List.of(SampleReports.of("llama")));
    List<Path> files = PlotFolder.write(page, folder.resolve("new").resolve("plots"));
    assertThat(files).hasSize(2 * page.figures().size()).allMatch(Files::exists);
    for (Path file : files) {
      if (file.toString().endsWith(".svg")) {
        String svg = Files.readString(file);
        Document document = parse(svg);
        assertThat(document.getDocumentElement().getNamespaceURI() == null).isTrue();
        assertThat(svg.replace("http://www.w3.org/2000/svg", "")).doesNotContain("//");
      } else {
        BufferedImage image =
            Objects.requireNonNull(ImageIO.read(Files.newInputStream(file)), file.toString());
        assertThat(image.getWidth()).isGreaterThan(400);
        assertThat(colors(image)).as("%s shows something", file).isGreaterThan(8);
      }
    }
    byte[] first = Files.readAllBytes(files.get(1));
    PlotFolder.write(page, folder.resolve("again"));
    assertThat(folder.resolve("again").resolve(files.get(1).getFileName())).hasBinaryContent(first);
  }

  private static int colors(BufferedImage image) {
    Set<Integer> colors = new HashSet<>();
    for (int y = 0; y < image.getHeight(); y += 2) {
      for (int x = 0; x < image.getWidth(); x += 2) {
        colors.add(image.getRGB(x, y));
      }
    }
    return colors.size();
  }
}
