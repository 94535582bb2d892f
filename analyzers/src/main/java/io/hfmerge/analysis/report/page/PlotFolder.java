package io.hfmerge.analysis.report.page;

import io.hfmerge.analysis.report.svg.Figure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Every plot of a report as two files, {@code NAME.svg} and {@code NAME.png}. */
public final class PlotFolder {

  private PlotFolder() {}

  /**
   * Writes the plots, over files of the same names.
   *
   * @param folder made if it is not there
   * @return the files
   * @throws IOException if they cannot be written
   */
  public static List<Path> write(ReportPage page, Path folder) throws IOException {
    Files.createDirectories(folder);
    List<Path> files = new ArrayList<>();
    for (Figure figure : page.figures()) {
      String svg = figure.file();
      Path vector = folder.resolve(figure.id() + ".svg");
      Files.writeString(vector, svg);
      Path pixels = folder.resolve(figure.id() + ".png");
      Files.write(pixels, PngImage.of(svg));
      files.add(vector);
      files.add(pixels);
    }
    return files;
  }
}
