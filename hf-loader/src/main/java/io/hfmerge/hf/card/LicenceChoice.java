package io.hfmerge.hf.card;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The licence of a merge: the most restrictive one of its parents, where one of them includes the
 * terms of all others. Licences that each restrict in their own way are no choice that a program
 * can make; then the card says {@code other} and points to the parents.
 *
 * @param lines for the front matter
 * @param notes what the reader must know
 */
record LicenceChoice(List<String> lines, List<String> notes) {

  /** From the freest on; each may be given on under the terms of a later one. */
  private static final List<String> PERMISSIVE =
      List.of(
          "unlicense",
          "wtfpl",
          "cc0-1.0",
          "pddl",
          "isc",
          "zlib",
          "mit",
          "bsl-1.0",
          "bsd",
          "bsd-2-clause",
          "bsd-3-clause",
          "bsd-3-clause-clear",
          "ncsa",
          "postgresql",
          "afl-3.0",
          "ecl-2.0",
          "artistic-2.0",
          "apache-2.0",
          "cdla-permissive-1.0",
          "cdla-permissive-2.0",
          "cc-by-2.0",
          "cc-by-2.5",
          "cc-by-3.0",
          "cc-by-4.0");

  LicenceChoice {
    lines = List.copyOf(lines);
    notes = List.copyOf(notes);
  }

  static LicenceChoice of(List<Parent> parents) {
    List<String> unknown =
        parents.stream()
            .filter(parent -> parent.frontMatter().licence().isEmpty())
            .map(Parent::reference)
            .toList();
    if (parents.isEmpty() || unknown.size() == parents.size()) {
      return new LicenceChoice(List.of(), List.of());
    }
    if (!unknown.isEmpty()) {
      return new LicenceChoice(
          List.of(),
          List.of("no licence is stated, since none is known of " + String.join(", ", unknown)));
    }
    Map<String, FrontMatter> byLicence = new TreeMap<>();
    parents.forEach(
        parent -> byLicence.putIfAbsent(key(parent.frontMatter()), parent.frontMatter()));
    Set<String> restrictive = new TreeSet<>(byLicence.keySet());
    restrictive.removeAll(PERMISSIVE);
    if (restrictive.size() > 1) {
      return new LicenceChoice(
          List.of(
              "license: other", "license_name: those-of-the-parents", "license_link: README.md"),
          List.of(
              "the parents have different licences, all of which hold: "
                  + String.join(", ", byLicence.keySet())));
    }
    String chosen =
        restrictive.stream()
            .findFirst()
            .orElseGet(() ->
                byLicence.keySet().stream()
                    .max(Comparator.comparingInt(PERMISSIVE::indexOf))
                    .orElseThrow());
    return new LicenceChoice(
        lines(Optional.ofNullable(byLicence.get(chosen)).orElse(FrontMatter.NONE)),
        byLicence.size() == 1
            ? List.of()
            : List.of(
                "the licence is the most restrictive of the parents', which are "
                    + String.join(", ", byLicence.keySet())));
  }

  /** Two licences without identifier are the same only by name. */
  private static String key(FrontMatter parent) {
    String licence = parent.licence().orElse("");
    return licence.equals("other") ? parent.licenceName().orElse(licence) : licence;
  }

  private static List<String> lines(FrontMatter parent) {
    List<String> lines = new ArrayList<>();
    parent.licence().ifPresent(licence -> lines.add("license: " + licence));
    parent.licenceName().ifPresent(name -> lines.add("license_name: " + name));
    parent.licenceLink().ifPresent(link -> lines.add("license_link: \"" + link + '"'));
    return lines;
  }
}
