package io.hfmerge.analysis.report.svg;

import static io.hfmerge.analysis.report.svg.Style.same;

import io.hfmerge.analysis.report.svg.Style.Property;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * All colours of the plots. Series are those of Okabe and Ito, which people with any kind of colour
 * blindness tell apart, with a dash pattern each; scales run in lightness, from the ground to what
 * contrasts with it, so that they read in grey too.
 */
public final class Palette {

  /** Steps of a scale: more than the eye tells apart, few enough for short files. */
  static final int STEPS = 24;

  private static final Property NO_FILL = same("fill", "none");

  public static final Style GROUND =
      Style.of("ground", new Property("fill", "#ffffff", "#12171e"), same("stroke", "none"));
  static final Style TITLE =
      Style.of(
          "title",
          new Property("fill", "#16202b", "#e8edf3"),
          same("font-size", "13px"),
          same("font-weight", "600"));
  static final Style HEADING =
      Style.of(
          "head",
          new Property("fill", "#16202b", "#e8edf3"),
          same("font-size", "17px"),
          same("font-weight", "600"));
  static final Style LABEL =
      Style.of("label", new Property("fill", "#3d4854", "#b6c1cd"), same("font-size", "11px"));
  static final Style TICK =
      Style.of("tick", new Property("fill", "#56626f", "#97a4b2"), same("font-size", "10.5px"));
  static final Style GRID =
      Style.of(
          "grid", new Property("stroke", "#e3e7ec", "#29323d"), NO_FILL, same("stroke-width", "1"));
  static final Style AXIS =
      Style.of(
          "axis", new Property("stroke", "#98a3af", "#566270"), NO_FILL, same("stroke-width", "1"));
  static final Style CONTEXT =
      Style.of(
          "context",
          new Property("stroke", "#d3d9e0", "#333e4a"),
          NO_FILL,
          same("stroke-width", "1.2"));
  static final Style REFERENCE =
      Style.of(
          "ref",
          new Property("stroke", "#7a4a00", "#e0b060"),
          NO_FILL,
          same("stroke-width", "1.2"),
          same("stroke-dasharray", "5 3"));
  static final Style REFERENCE_LABEL =
      Style.of("reflabel", new Property("fill", "#7a4a00", "#e0b060"), same("font-size", "10.5px"));
  static final Style NOISE =
      Style.of(
          "noise",
          new Property("stroke", "#a0307a", "#f090cc"),
          NO_FILL,
          same("stroke-width", "1.2"),
          same("stroke-dasharray", "2 2.5"));
  static final Style NOISE_LABEL =
      Style.of(
          "noiselabel", new Property("fill", "#a0307a", "#f090cc"), same("font-size", "10.5px"));
  static final Style NO_VALUE =
      Style.of(
          "novalue",
          NO_FILL,
          new Property("stroke", "#c9d0d8", "#3a4552"),
          same("stroke-width", "0.6"));
  static final Style ON_LOW =
      Style.of("onlow", new Property("fill", "#16202b", "#e8edf3"), same("font-size", "10.5px"));
  static final Style ON_HIGH =
      Style.of("onhigh", new Property("fill", "#ffffff", "#0d131a"), same("font-size", "10.5px"));

  private static final String[][] SERIES_COLORS = {
    {"#0072b2", "#58b0ea"},
    {"#d55e00", "#ff8f45"},
    {"#008c66", "#3fcf9f"},
    {"#b0588a", "#eba5cd"},
    {"#8a6d00", "#e8c547"},
    {"#3b8fc4", "#9fd6f7"},
    {"#5b5f66", "#c3c8cf"},
    {"#7b3294", "#c9a0e8"}
  };
  private static final String[] DASHES = {"none", "7 2.5", "2 2", "9 2.5 2 2.5"};

  private static final List<Style> LINES = new ArrayList<>();
  private static final List<Style> DOTS = new ArrayList<>();
  private static final List<Style> NAMES = new ArrayList<>();
  private static final List<Style> BANDS = new ArrayList<>();

  static {
    for (int i = 0; i < SERIES_COLORS.length; i++) {
      String light = SERIES_COLORS[i][0];
      String dark = SERIES_COLORS[i][1];
      LINES.add(
          Style.of(
              "line" + i,
              new Property("stroke", light, dark),
              NO_FILL,
              same("stroke-width", "1.8"),
              same("stroke-dasharray", DASHES[i % DASHES.length])));
      DOTS.add(Style.of("dot" + i, new Property("fill", light, dark), same("stroke", "none")));
      BANDS.add(
          Style.of(
              "band" + i,
              new Property("fill", light, dark),
              same("fill-opacity", "0.15"),
              same("stroke", "none")));
      NAMES.add(
          Style.of(
              "name" + i,
              new Property("fill", light, dark),
              same("font-size", "11px"),
              same("font-weight", "600")));
    }
  }

  private static final List<Style> HEAT =
      scale(
          "heat",
          "fill",
          List.of("#eef3f9", "#bcd3ea", "#73aad3", "#2f74b3", "#0b3466"),
          List.of("#1b2733", "#1d3c5c", "#265a8a", "#5f9fd3", "#e4f1fd"));
  private static final List<Style> DIVERGING =
      scale(
          "div",
          "fill",
          List.of("#8f3200", "#e39a68", "#f3f3f3", "#7aaed6", "#0b4a86"),
          List.of("#ffa86b", "#7e3f14", "#222b35", "#215382", "#8ccbff"));
  private static final List<Style> DEPTH_LINES =
      scale(
          "deep",
          "stroke",
          List.of("#a9bccd", "#5f93bf", "#1d5f9c", "#0a2e57"),
          List.of("#3c5064", "#3d79ab", "#74b3e6", "#e0f0ff"));
  private static final List<Style> DEPTH_DOTS =
      scale(
          "deepdot",
          "fill",
          List.of("#a9bccd", "#5f93bf", "#1d5f9c", "#0a2e57"),
          List.of("#3c5064", "#3d79ab", "#74b3e6", "#e0f0ff"));

  private Palette() {}

  /** The line of model number {@code i}. */
  static Style line(int i) {
    return LINES.get(i % LINES.size());
  }

  /** What lies around the line of model number {@code i}. */
  static Style band(int i) {
    return BANDS.get(i % BANDS.size());
  }

  /** The dots of model number {@code i}. */
  static Style dot(int i) {
    return DOTS.get(i % DOTS.size());
  }

  /** The label of model number {@code i}. */
  static Style name(int i) {
    return NAMES.get(i % NAMES.size());
  }

  /** A scale of magnitudes, at a share from 0 to 1. */
  static Style heat(double share) {
    return HEAT.get(step(share));
  }

  /** A scale around a middle at ½. */
  static Style diverging(double share) {
    return DIVERGING.get(step(share));
  }

  /** The line of a layer, by its share of the depth. */
  static Style depthLine(double share) {
    return DEPTH_LINES.get(step(share));
  }

  /** The dot of something in a layer, by the share of the depth. */
  static Style depthDot(double share) {
    return DEPTH_DOTS.get(step(share));
  }

  private static int step(double share) {
    return (int) Math.min(STEPS - 1, Math.max(0, Math.floor(share * STEPS)));
  }

  /** Every style as CSS: light, with the dark values for dark screens; print stays light. */
  public static String stylesheet() {
    List<Style> all = new ArrayList<>();
    all.addAll(
        List.of(
            GROUND, TITLE, HEADING, LABEL, TICK, GRID, AXIS, CONTEXT, REFERENCE, REFERENCE_LABEL));
    all.addAll(List.of(NOISE, NOISE_LABEL, NO_VALUE, ON_LOW, ON_HIGH));
    for (List<Style> more :
        List.of(LINES, DOTS, NAMES, BANDS, HEAT, DIVERGING, DEPTH_LINES, DEPTH_DOTS)) {
      all.addAll(more);
    }
    StringBuilder css = new StringBuilder();
    for (Style style : all) {
      css.append("svg .").append(style.name()).append('{');
      style
          .properties()
          .forEach(p -> css.append(p.name()).append(':').append(p.light()).append(';'));
      css.append("}\n");
    }
    css.append("@media screen and (prefers-color-scheme:dark){\n");
    for (Style style : all) {
      List<Property> changed =
          style.properties().stream().filter(p -> !p.light().equals(p.dark())).toList();
      if (!changed.isEmpty()) {
        css.append("svg .").append(style.name()).append('{');
        changed.forEach(p -> css.append(p.name()).append(':').append(p.dark()).append(';'));
        css.append("}\n");
      }
    }
    return css.append("}\n").toString();
  }

  private static List<Style> scale(
      String name, String property, List<String> light, List<String> dark) {
    List<Style> steps = new ArrayList<>();
    for (int i = 0; i < STEPS; i++) {
      double share = i / (STEPS - 1.0);
      Property color = new Property(property, blend(light, share), blend(dark, share));
      steps.add(
          property.equals("stroke")
              ? Style.of(name + i, color, NO_FILL, same("stroke-width", "1.3"))
              : Style.of(name + i, color, same("stroke", "none")));
    }
    return List.copyOf(steps);
  }

  private static String blend(List<String> stops, double share) {
    double at = share * (stops.size() - 1);
    int before = (int) Math.min(stops.size() - 2, Math.floor(at));
    int from = Integer.parseInt(stops.get(before).substring(1), 16);
    int to = Integer.parseInt(stops.get(before + 1).substring(1), 16);
    int color = 0;
    for (int shift = 16; shift >= 0; shift -= 8) {
      int a = from >> shift & 255;
      int b = to >> shift & 255;
      color |= (int) Math.round(a + (b - a) * (at - before)) << shift;
    }
    return String.format(Locale.ROOT, "#%06x", color);
  }
}
