package io.hfmerge.analysis.report.svg;

import java.util.List;

/**
 * How something is painted, by name.
 *
 * @param name name of the class in a page
 * @param properties SVG presentation attributes
 */
public record Style(String name, List<Property> properties) {

  public Style {
    properties = List.copyOf(properties);
  }

  /**
   * One attribute.
   *
   * @param name attribute and CSS property
   * @param light value on a light ground, and in print
   * @param dark value on a dark ground
   */
  public record Property(String name, String light, String dark) {}

  static Style of(String name, Property... properties) {
    return new Style(name, List.of(properties));
  }

  static Property same(String name, String value) {
    return new Property(name, value, value);
  }
}
