package io.hfmerge.cli.command;

import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.HorizontalAlign;
import io.hfmerge.analysis.lora.AdapterReport;
import io.hfmerge.cli.output.Terminal;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

/** What the commands that write adapters print. */
final class AdapterLines {

  private AdapterLines() {}

  static void print(AdapterReport report, PrintWriter out) {
    out.println(
        AsciiTable.getTable(
            AsciiTable.NO_BORDERS,
            report.modules(),
            List.of(
                column("module", HorizontalAlign.LEFT).with(m -> Terminal.printable(m.name())),
                column("rank", HorizontalAlign.RIGHT).with(m -> String.valueOf(m.rank())),
                column("energy kept", HorizontalAlign.RIGHT)
                    .with(m -> String.format(Locale.ROOT, "%.6f", m.energy())),
                column("norm", HorizontalAlign.RIGHT)
                    .with(m -> String.format(Locale.ROOT, "%.4g", m.frobenius())))));
    out.println();
    out.println(
        Terminal.printable(
            String.format(
                Locale.ROOT,
                "%s: %d modules of rank %d to %d, %.4f of the energy kept%s; %s",
                report.folder(),
                report.modules().size(),
                report.modules().stream().mapToInt(AdapterReport.Module::rank).min().orElse(0),
                report.modules().stream().mapToInt(AdapterReport.Module::rank).max().orElse(0),
                report.energy(),
                report.shortfall() > 0
                    ? String.format(
                        Locale.ROOT, ", at most %.1e below the best", report.shortfall())
                    : "",
                Terminal.size(report.bytes()))));
    if (!report.saved().isEmpty()) {
      out.println(Terminal.printable("stored whole: " + String.join(", ", report.saved())));
    }
    report.notes().stream().map(Terminal::printable).forEach(out::println);
    out.flush();
  }

  private static Column column(String header, HorizontalAlign align) {
    return new Column()
        .header(header)
        .headerAlign(align)
        .dataAlign(align)
        // names are to be copied, so they are never broken
        .maxWidth(Integer.MAX_VALUE);
  }
}
