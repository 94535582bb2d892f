package io.hfmerge.analysis.interference;

import io.hfmerge.analysis.matrix.MatrixSource;
import io.hfmerge.analysis.matrix.NonFiniteMatrixException;
import io.hfmerge.analysis.matrix.Orientation;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * One matrix of the base with those of all models, read together in panels of long lines; owns the
 * sources. Task vectors exist panel by panel only.
 *
 * <p>Lines are rows where there are at least as many rows as columns, so that inner products along
 * lines are over outputs and the short side is the inputs; else lines are columns.
 */
final class TaskMatrices implements AutoCloseable {

  /** Doubles in all panels together: 16 MiB, and more only for very wide matrices. */
  private static final int PANEL_DOUBLES = 1 << 21;

  /** Lines of a panel of wide matrices: fewer, and products would wait for memory. */
  private static final int LEAST_LINES = 256;

  private final MatrixSource base;
  private final List<MatrixSource> models;
  private final Orientation orientation;

  TaskMatrices(MatrixSource base, List<MatrixSource> models) {
    this.base = base;
    this.models = List.copyOf(models);
    this.orientation = base.rows() >= base.columns() ? Orientation.ROWS : Orientation.COLUMNS;
  }

  /** What a panel is handed to. */
  interface PanelUse {
    /**
     * Uses some lines; arrays are overwritten by the next panel.
     *
     * @param some number of lines
     * @param base {@code some x length} elements of W_0
     * @param deltas the same of each D_t
     */
    void use(int first, int some, double[] base, List<double[]> deltas);
  }

  int tasks() {
    return models.size();
  }

  MatrixSource base() {
    return base;
  }

  MatrixSource model(int task) {
    return models.get(task);
  }

  /** Number of lines: the longer side. */
  int count() {
    return base.longSide();
  }

  /** Length of a line: the shorter side. */
  int length() {
    return base.shortSide();
  }

  /** Whether the short side is the inputs; else it is the outputs. */
  boolean shortSideIsInput() {
    return orientation == Orientation.ROWS;
  }

  /** Most lines that a panel has. */
  int panelLines() {
    int lines = Math.max(LEAST_LINES, PANEL_DOUBLES / (tasks() + 1) / Math.max(1, length()));
    return Math.min(lines, count());
  }

  /** Reads the base and all models once, from the first line to the last. */
  void read(PanelUse use) throws IOException {
    int length = length();
    if (length == 0) {
      return;
    }
    int count = panelLines();
    double[] origin = new double[Math.multiplyExact(count, length)];
    List<double[]> deltas = new ArrayList<>();
    models.forEach(model -> deltas.add(new double[origin.length]));
    for (int first = 0; first < count(); first += count) {
      int some = Math.min(count, count() - first);
      base.read(orientation, first, some, origin, length);
      for (int t = 0; t < tasks(); t++) {
        double[] delta = deltas.get(t);
        models.get(t).read(orientation, first, some, delta, length);
        for (int i = 0; i < some * length; i++) {
          delta[i] -= origin[i];
        }
      }
      use.use(first, some, origin, deltas);
    }
  }

  /** Says which of the matrices is not finite and how. */
  NonFiniteMatrixException nonFinite(String baseId, List<String> modelIds) {
    List<String> words = new ArrayList<>();
    describe(base, baseId, words);
    for (int t = 0; t < tasks(); t++) {
      describe(models.get(t), modelIds.get(t), words);
    }
    return new NonFiniteMatrixException(
        words.isEmpty() ? "squares of its elements overflow" : String.join("; ", words));
  }

  private static void describe(MatrixSource source, String id, List<String> words) {
    NonFiniteMatrixException.count(source).ifPresent(found -> words.add(id + ": " + found));
  }

  @Override
  public void close() {
    base.close();
    models.forEach(MatrixSource::close);
  }
}
