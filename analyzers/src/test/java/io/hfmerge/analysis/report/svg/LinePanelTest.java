package io.hfmerge.analysis.report.svg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.hfmerge.analysis.report.svg.LinePanel.Interval;
import io.hfmerge.analysis.report.svg.LinePanel.Kind;
import io.hfmerge.analysis.report.svg.LinePanel.Line;
import io.hfmerge.analysis.report.svg.LinePanel.XY;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LinePanelTest {

  @Test
  void zeroHasAPlaceBeforeTheOthersOnALogarithmicScale() {
    Scale scale = Scale.logarithmicFromZero(List.of(0.0, 0.01, 0.1, 1.0));
    assertThat(scale.logarithmic()).isTrue();
    assertThat(scale.holds(0)).isTrue();
    assertThat(scale.at(0)).isZero();
    assertThat(scale.at(0.01)).isGreaterThan(0.1);
    assertThat(scale.at(0.1) - scale.at(0.01)).isCloseTo(scale.at(1) - scale.at(0.1), within(1e-9));
    assertThat(scale.ticks().getFirst()).isEqualTo(new Scale.Tick(0, "0"));
    assertThat(Scale.logarithmicFromZero(List.of(0.01, 1.0)).holds(0)).isFalse();
    assertThat(Scale.logarithmicFromZero(List.of(0.0, 1.0, 2.0)).logarithmic()).isFalse();
  }

  @Test
  void bandsAreAreasWithinThePanel() {
    Scale unit = Scale.linear(0, 1, 5);
    Line line =
        new Line(
            "A",
            "series",
            Kind.SERIES,
            0,
            List.of(new XY(0, 0.5), new XY(1, 0.5)),
            List.of(new Interval(0, 0.25, 0.75), new Interval(1, -3, 9)));
    LinePanel panel = new LinePanel("", unit, unit, "x", "y", List.of(line), List.of(), 300, 200);
    String svg = new Figure("id", "t", "d", Optional.empty(), List.of(panel)).file();
    assertThat(svg).contains("Z\" fill=\"#0072b2\" fill-opacity=\"0.15\"");
    double top = Axes.TOP;
    double foot = 200 - Axes.BOTTOM;
    // left end from 3/4 to 1/4, right end cut off at the frame
    assertThat(svg)
        .contains(
            "M%s %sL"
                .formatted(SvgBuilder.number(Axes.LEFT), SvgBuilder.number(at(0.75, top, foot))))
        .contains(" %sL".formatted(SvgBuilder.number(top)))
        .contains(
            "L%s %sZ"
                .formatted(SvgBuilder.number(Axes.LEFT), SvgBuilder.number(at(0.25, top, foot))));
  }

  private static double at(double share, double top, double foot) {
    return foot - share * (foot - top);
  }
}
