package io.hfmerge.analysis.report.page;

import static io.hfmerge.analysis.report.page.PageXml.elements;
import static io.hfmerge.analysis.report.page.PageXml.parse;
import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.analysis.interference.ConflictReport;
import io.hfmerge.analysis.interference.Measures;
import io.hfmerge.analysis.report.SampleConflicts;
import io.hfmerge.analysis.report.section.ConflictPage;
import io.hfmerge.analysis.report.svg.Figure;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Document;

/** The page of conflicts as text; {@link BrowserTest} looks at it. */
class ConflictPageTest {

  private static final String HOSTILE =
      "</title></svg><script>alert(1)</script>\" onload='alert(2)' &lt; \u0000 \u202e";

  private static String page(ConflictReport report) {
    return HtmlPage.write(ConflictPage.of(report), "test");
  }

  @ParameterizedTest
  @ValueSource(strings = {"bert", "llama"})
  void pageIsWellFormedAndTheSameTwice(String family) throws Exception {
    String page = page(SampleConflicts.of(family, List.of("a", "b", "c")));
    assertThat(page(SampleConflicts.of(family, List.of("a", "b", "c")))).isEqualTo(page);
    Document document = parse(page);
    assertThat(elements(document, "script")).isEmpty();
    assertThat(elements(document, "section"))
        .extracting(section -> section.getAttribute("id"))
        .containsExactly("tasks", "pairs", "theory", "layers", "roles", "gaps", "method");
    assertThat(elements(document, "figure"))
        .extracting(figure -> figure.getAttribute("id"))
        .contains("conflict-pairs", "conflict-layers-pairs", "conflict-layers-sum");
    // every weights-only measure of a family whose activation leaves an identity is drawn or told
    String text = document.getDocumentElement().getTextContent();
    Measures.all().forEach(measure -> assertThat(text).contains(measure.title()));
  }

  @Test
  void everyPlotAndTableHasANameForThoseWhoDoNotSeeIt() throws Exception {
    Document document = parse(page(SampleConflicts.of("llama", List.of("a", "b"))));
    PageXml.assertNamed(document);
  }

  @Test
  void pageAsksForNothingFromElsewhere() throws Exception {
    assertThat(page(SampleConflicts.of("llama", List.of("a", "b"))))
        .doesNotContainPattern("(?i)(https?:)?//[a-z]")
        .doesNotContainPattern("(?i)\\b(src|srcset|xlink:href|action|data)\\s*=")
        .doesNotContainPattern("(?i)@import|url\\(|javascript:")
        .contains("default-src 'none'");
  }

  @Test
  void namesCannotBecomeMarkup() throws Exception {
    ConflictReport report = SampleConflicts.of("bert", List.of(HOSTILE, HOSTILE + "2"));
    Document document = parse(page(report));
    assertThat(elements(document, "script")).isEmpty();
    assertThat(elements(document, "style")).hasSize(1);
    for (Figure figure : ConflictPage.of(report).figures()) {
      Document svg = parse(figure.file());
      assertThat(elements(svg, "script")).isEmpty();
      assertThat(elements(svg, "svg")).hasSize(1);
    }
  }

  @Test
  void everyPlotIsAFileOfItsOwn(@TempDir Path folder) throws Exception {
    ReportPage page = ConflictPage.of(SampleConflicts.of("llama", List.of("a", "b")));
    List<Path> files = PlotFolder.write(page, folder);
    assertThat(files).hasSize(2 * page.figures().size()).allMatch(Files::exists);
  }
}
