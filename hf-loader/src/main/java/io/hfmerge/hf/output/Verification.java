package io.hfmerge.hf.output;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What was found when a merged folder was compared with its manifest.
 *
 * @param folder the folder
 * @param tensors number of tensors compared
 * @param files number of files compared
 * @param bytesRead bytes of the folder that were read
 * @param elapsedNanos time from first to last byte
 * @param findings where the folder is not what the manifest says
 * @param notes what is worth knowing and no fault of the folder: inputs that have changed since
 */
public record Verification(
    Path folder,
    int tensors,
    int files,
    long bytesRead,
    long elapsedNanos,
    List<Finding> findings,
    List<String> notes) {

  /**
   * A difference.
   *
   * @param where file or tensor
   * @param expected what the manifest says
   * @param found what is there
   */
  public record Finding(String where, String expected, String found) {

    /** One line. */
    public String describe() {
      return where + ": expected " + expected + ", found " + found;
    }
  }

  public Verification {
    findings = List.copyOf(findings);
    notes = List.copyOf(notes);
  }

  /** Whether the folder is what its manifest says. */
  public boolean matches() {
    return findings.isEmpty();
  }

  /** Everything a user should read, a line each: the findings, the notes, the result. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    findings.forEach(finding -> lines.add(finding.describe()));
    notes.forEach(note -> lines.add("note: " + note));
    double seconds = elapsedNanos / 1e9;
    lines.add(
        String.format(
            Locale.ROOT,
            "%s: %s; %,d tensors, %,d files, %,d bytes read in %.2f s (%.1f GB/s)",
            folder,
            matches()
                ? "all as " + Manifest.FILE + " says"
                : String.format(
                    Locale.ROOT,
                    "%,d %s from %s",
                    findings.size(),
                    findings.size() == 1 ? "difference" : "differences",
                    Manifest.FILE),
            tensors,
            files,
            bytesRead,
            seconds,
            bytesRead / 1e9 / Math.max(seconds, 1e-9)));
    return lines;
  }
}
