package io.hfmerge.hf.output;

import io.hfmerge.hf.checklist.Finding;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What was found when a model folder was checked by itself and, where it has a manifest, compared
 * with that.
 *
 * @param folder the folder
 * @param manifest whether it has one
 * @param tensors number of tensors read
 * @param files number of files compared
 * @param bytesRead bytes of the folder that were read
 * @param elapsedNanos time from first to last byte
 * @param findings what is wrong: where the folder is not what the manifest says, else faults of its
 *     own
 * @param notes what is worth knowing and no fault of the folder: inputs that have changed since
 */
public record Verification(
    Path folder,
    boolean manifest,
    int tensors,
    int files,
    long bytesRead,
    long elapsedNanos,
    List<Finding> findings,
    List<String> notes) {

  public Verification {
    findings = List.copyOf(findings);
    notes = List.copyOf(notes);
  }

  /** Whether nothing is wrong. */
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
            summary(),
            tensors,
            files,
            bytesRead,
            seconds,
            bytesRead / 1e9 / Math.max(seconds, 1e-9)));
    return lines;
  }

  private String summary() {
    if (matches()) {
      return manifest ? "complete, and all as " + Manifest.FILE + " says" : "complete";
    }
    return String.format(
        Locale.ROOT,
        "%,d %s",
        findings.size(),
        findings.size() == 1 ? "thing is wrong" : "things are wrong");
  }
}
