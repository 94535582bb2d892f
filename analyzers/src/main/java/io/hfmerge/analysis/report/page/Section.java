package io.hfmerge.analysis.report.page;

import java.util.List;

/**
 * A part of a report.
 *
 * @param id name in links: lower-case letters, digits and hyphens
 * @param heading its heading
 * @param prose paragraphs of our own words; {@code _F}, {@code _2} and {@code _*} are set as
 *     indices
 * @param exhibits figures and tables
 */
public record Section(String id, String heading, List<String> prose, List<Exhibit> exhibits) {

  public Section {
    prose = List.copyOf(prose);
    exhibits = List.copyOf(exhibits);
    if (!id.matches("[a-z0-9-]+")) {
      throw new IllegalArgumentException("section id \"" + id + "\"");
    }
  }
}
