package io.hfmerge.cli.option;

import io.hfmerge.analysis.report.page.PlotFolder;
import io.hfmerge.analysis.report.page.ReportPage;
import io.hfmerge.cli.output.Terminal;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Where a report and its plots are written. */
public final class ReportOptions {

  @Spec(Spec.Target.MIXEE)
  @Nullable CommandSpec spec;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "Write the report to a file, replacing it (default: standard output).")
  private @Nullable Path target;

  @Option(
      names = "--plots",
      paramLabel = "DIR",
      description = "Write every plot of the html report as SVG and PNG files to a folder, too.")
  private @Nullable Path plots;

  /**
   * Refuses standard output for a report that is not text.
   *
   * @param format how the user named its form
   */
  public void requireFile(String format) {
    if (target == null) {
      throw new ParameterException(
          Objects.requireNonNull(spec).commandLine(),
          "--format %s: expected -o FILE, as the report is not text".formatted(format));
    }
  }

  /**
   * Refuses places that cannot be written to, before the work is done.
   *
   * @throws IOException if the file is a folder or its folder is missing, or plots are to go into
   *     what is no folder
   */
  public void check() throws IOException {
    if (target != null) {
      Path folder = target.toAbsolutePath().getParent();
      if (Files.isDirectory(target)) {
        throw refused(target, "expected a file to write the report to, found a folder");
      }
      if (folder != null && !Files.isDirectory(folder)) {
        throw refused(target, "expected a file in a folder that exists, found no " + folder);
      }
    }
    if (plots != null && Files.exists(plots) && !Files.isDirectory(plots)) {
      throw refused(plots, "expected a folder to write plots to, found a file");
    }
  }

  private static FileSystemException refused(Path path, String reason) {
    return new FileSystemException(path.toString(), null, reason);
  }

  /** Whether a table may have colours. */
  public boolean colors() {
    return target == null && Terminal.hasColors();
  }

  /** Writes a table, notes on how models were read behind it. */
  public void writeTable(String table, Collection<String> notes) throws IOException {
    print(table + String.join("", lines(notes).stream().map(note -> note + "\n").toList()));
  }

  /** Writes a report whose form is fixed, notes on standard error. */
  public void write(String report, Collection<String> notes) throws IOException {
    tell(notes);
    print(report);
  }

  /** Writes a report that is not text to a file, which there is. */
  public void write(byte[] report, Collection<String> notes) throws IOException {
    tell(notes);
    Files.write(Objects.requireNonNull(target), report);
  }

  /** Writes plots if they are asked for. */
  public void writePlots(Supplier<ReportPage> page) throws IOException {
    if (plots != null) {
      PlotFolder.write(page.get(), plots);
    }
  }

  private static List<String> lines(Collection<String> notes) {
    return notes.stream().distinct().map(Terminal::printable).toList();
  }

  private void tell(Collection<String> notes) {
    lines(notes).forEach(Objects.requireNonNull(spec).commandLine().getErr()::println);
  }

  private void print(String text) throws IOException {
    if (target != null) {
      Files.writeString(target, text);
      return;
    }
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    out.print(text);
    out.flush();
  }
}
