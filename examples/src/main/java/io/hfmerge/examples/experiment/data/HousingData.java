package io.hfmerge.examples.experiment.data;

import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import de.siegmar.fastcsv.reader.FieldMismatchStrategy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Regression with eight features: California housing, else synthetic data of the same shape, each
 * column standardised to mean 0 and deviation 1.
 *
 * <p>{@code --data} is one of the published files, or a folder with one of them:
 *
 * <ul>
 *   <li>{@code cal_housing.data} of StatLib, comma-separated without a header, its columns those of
 *       {@code cal_housing.domain} (https://www.dcc.fc.up.pt/~ltorgo/Regression/cal_housing.tgz,
 *       which scikit-learn loads);
 *   <li>{@code housing.csv} with a header: longitude, ..., median_house_value, ocean_proximity
 *       (https://github.com/ageron/data), or scikit-learn's names, MedInc, ..., MedHouseVal;
 *   <li>{@code houses.arff} (https://www.openml.org/d/537).
 * </ul>
 *
 * <p>DJL's cache is not looked into: DJL has no such data set. Rows without all nine numbers are
 * left out and counted.
 *
 * @param features row-major, {@code count x 8}
 * @param targets of the rows
 * @param count of rows
 * @param source where they come from, for the result
 */
@SuppressWarnings("ArrayRecordComponent") // handed to DJL, never compared
public record HousingData(double[] features, double[] targets, int count, String source) {

  /** Number of features. */
  public static final int FEATURES = 8;

  private static final List<List<String>> HEADERS =
      List.of(
          List.of(
              "longitude",
              "latitude",
              "housing_median_age",
              "total_rooms",
              "total_bedrooms",
              "population",
              "households",
              "median_income",
              "median_house_value"),
          List.of(
              "MedInc",
              "HouseAge",
              "AveRooms",
              "AveBedrms",
              "Population",
              "AveOccup",
              "Latitude",
              "Longitude",
              "MedHouseVal"));

  /** The columns of {@code cal_housing.data}, which are those of the first header. */
  private static final int PUBLISHED_COLUMNS = 9;

  private static final List<String> NAMES =
      List.of("cal_housing.data", "housing.csv", "houses.arff");

  private static final int SEARCH_DEPTH = 4;

  private static final Pattern NUMBER =
      Pattern.compile("[+-]?(\\d{1,18}(\\.\\d{0,18})?|\\.\\d{1,18})([eE][+-]?\\d{1,3})?");

  /** Far more than the 20,640 rows of the published files; a larger file is something else. */
  private static final int MOST_ROWS = 1 << 20;

  /** Longer lines are of no such file. */
  private static final int LONGEST_FIELD = 1 << 16;

  /** The files that are read, and where they come from. */
  public static final String PUBLISHED =
      "cal_housing.data (https://www.dcc.fc.up.pt/~ltorgo/Regression/cal_housing.tgz), housing.csv"
          + " (https://github.com/ageron/data) or houses.arff (https://www.openml.org/d/537)";

  /**
   * Reads the file if there is one, in an order drawn anew.
   *
   * @throws IOException if the file cannot be read, or has fewer than two complete rows
   */
  public static HousingData load(Optional<Path> data, int count, RandomGenerator random)
      throws IOException {
    return data.isPresent() ? read(file(data.get()), count, random) : builtIn(count, random);
  }

  /** A range of rows. */
  public HousingData slice(int from, int to) {
    return new HousingData(
        java.util.Arrays.copyOfRange(features, from * FEATURES, to * FEATURES),
        java.util.Arrays.copyOfRange(targets, from, to),
        to - from,
        source);
  }

  private static Path file(Path data) throws IOException {
    if (Files.isDirectory(data)) {
      try (Stream<Path> files = Files.walk(data, SEARCH_DEPTH)) {
        return files
            .filter(file -> NAMES.contains(String.valueOf(file.getFileName())))
            .sorted()
            .findFirst()
            .orElseThrow(
                () -> new IOException("%s: expected %s, found none".formatted(data, PUBLISHED)));
      } catch (UncheckedIOException e) {
        throw e.getCause();
      }
    }
    if (!Files.isRegularFile(data)) {
      throw new IOException("%s: expected %s, found no file".formatted(data, PUBLISHED));
    }
    return data;
  }

  private static HousingData read(Path file, int count, RandomGenerator random) throws IOException {
    Table table = new Table(file);
    try (CsvReader<CsvRecord> csv =
        CsvReader.builder()
            .maxBufferSize(LONGEST_FIELD)
            .extraFieldStrategy(
                FieldMismatchStrategy.IGNORE) // ARFF's header; rows are counted below
            .missingFieldStrategy(FieldMismatchStrategy.IGNORE)
            .ofCsvRecord(file)) {
      for (CsvRecord fields : csv) {
        table.add(fields);
      }
    } catch (CsvParseException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
    List<double[]> rows = table.rows;
    if (rows.size() < 2) {
      throw new IOException(
          "%s: expected rows of nine numbers, found %d and %d incomplete ones"
              .formatted(file, rows.size(), table.incomplete));
    }
    for (int i = rows.size() - 1; i > 0; i--) {
      java.util.Collections.swap(rows, i, random.nextInt(i + 1));
    }
    List<double[]> taken = rows.subList(0, Math.min(count, rows.size()));
    return of(
        taken,
        "California housing, %d of %d rows of %s (%d incomplete ones left out)"
            .formatted(taken.size(), rows.size(), file.getFileName(), table.incomplete));
  }

  /** Rows as they are read; what the file's format is, its first lines say. */
  private static final class Table {
    private final Path file;
    private final List<double[]> rows = new ArrayList<>();
    private final List<String> attributes = new ArrayList<>();
    private int[] columns = {};
    private int width;
    private boolean isArffHeader;
    private int incomplete;

    Table(Path file) {
      this.file = file;
    }

    void add(CsvRecord record) throws IOException {
      List<String> fields = record.getFields().stream().map(String::strip).toList();
      String first = fields.getFirst();
      boolean isComment = first.startsWith("%");
      if (columns.length > 0 && !(isComment && !attributes.isEmpty())) {
        row(record.getStartingLineNumber(), fields);
      } else if (first.startsWith("@") || (isComment && columns.length == 0)) {
        isArffHeader = true;
        declaration(first);
      } else if (!isArffHeader && fields.size() == PUBLISHED_COLUMNS && isNumber(first)) {
        columns = IntStream.range(0, PUBLISHED_COLUMNS).toArray();
        width = PUBLISHED_COLUMNS;
        row(record.getStartingLineNumber(), fields);
      } else if (!isArffHeader) {
        columns = columns(file, fields);
        width = fields.size();
      } else if (!first.isEmpty() && !isComment) {
        throw new IOException(
            "%s, line %d: expected @attribute or @data, found \"%s\""
                .formatted(file, record.getStartingLineNumber(), brief(first)));
      }
    }

    /** A line of ARFF's header; {@code @data} ends it. */
    private void declaration(String line) throws IOException {
      String[] words = line.split("\\s+", 3);
      if (words[0].equalsIgnoreCase("@attribute") && words.length > 1) {
        attributes.add(words[1].replaceAll("[\"']", ""));
      } else if (words[0].equalsIgnoreCase("@data")) {
        columns = columns(file, attributes);
        width = attributes.size();
      }
    }

    private void row(long line, List<String> fields) throws IOException {
      if (fields.size() != width) {
        throw new IOException(
            "%s, line %d: expected %d fields, found %d; is the file cut short?"
                .formatted(file, line, width, fields.size()));
      }
      double[] row = new double[FEATURES + 1];
      boolean complete = true;
      for (int i = 0; i < row.length; i++) {
        String text = fields.get(columns[i]);
        boolean missing = text.isEmpty() || text.equals("?");
        row[i] = missing ? 0 : number(line, text);
        complete &= !missing;
      }
      if (complete) {
        rows.add(row);
      } else {
        incomplete++;
      }
      if (rows.size() + incomplete > MOST_ROWS) {
        throw new IOException("%s: expected at most %d rows".formatted(file, MOST_ROWS));
      }
    }

    private double number(long line, String text) throws IOException {
      double value = isNumber(text) ? Double.parseDouble(text) : Double.NaN;
      if (!Double.isFinite(value)) {
        throw new IOException(
            "%s, line %d: expected a number, found \"%s\"".formatted(file, line, brief(text)));
      }
      return value;
    }

    /** A decimal number; Java's parser also takes NaN, hexadecimal ones and a type's letter. */
    private static boolean isNumber(String text) {
      return NUMBER.matcher(text).matches();
    }

    private static String brief(String text) {
      return text.length() > 40 ? text.substring(0, 40) + "..." : text;
    }
  }

  private static int[] columns(Path file, List<String> found) throws IOException {
    for (List<String> header : HEADERS) {
      if (found.containsAll(header)) {
        return header.stream().mapToInt(found::indexOf).toArray();
      }
    }
    String names = String.join(", ", found);
    throw new IOException(
        "%s: expected nine columns of numbers, or the columns %s or %s, found %s"
            .formatted(file, HEADERS.getFirst(), HEADERS.getLast(), Table.brief(names)));
  }

  private static HousingData of(List<double[]> rows, String source) {
    int count = rows.size();
    double[] mean = new double[FEATURES + 1];
    double[] deviation = new double[FEATURES + 1];
    for (double[] row : rows) {
      for (int j = 0; j <= FEATURES; j++) {
        mean[j] += row[j] / count;
      }
    }
    for (double[] row : rows) {
      for (int j = 0; j <= FEATURES; j++) {
        deviation[j] += (row[j] - mean[j]) * (row[j] - mean[j]) / count;
      }
    }
    double[] features = new double[count * FEATURES];
    double[] targets = new double[count];
    for (int i = 0; i < count; i++) {
      for (int j = 0; j <= FEATURES; j++) {
        double value = (rows.get(i)[j] - mean[j]) / Math.sqrt(Math.max(deviation[j], 1e-12));
        if (j < FEATURES) {
          features[i * FEATURES + j] = value;
        } else {
          targets[i] = value;
        }
      }
    }
    return new HousingData(features, targets, count, source);
  }

  /** Smooth, not linear, with a tenth of noise. */
  private static HousingData builtIn(int count, RandomGenerator random) {
    double[][] directions = new double[3][FEATURES];
    for (double[] direction : directions) {
      for (int j = 0; j < FEATURES; j++) {
        direction[j] = random.nextGaussian() / Math.sqrt(FEATURES);
      }
    }
    List<double[]> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      double[] row = new double[FEATURES + 1];
      double[] products = new double[directions.length];
      for (int j = 0; j < FEATURES; j++) {
        row[j] = random.nextGaussian();
        for (int k = 0; k < directions.length; k++) {
          products[k] += row[j] * directions[k][j];
        }
      }
      row[FEATURES] =
          2 * products[0]
              + Math.max(0, products[1])
              + Math.sin(2 * products[2])
              + 0.3 * random.nextGaussian();
      rows.add(row);
    }
    return of(
        rows,
        "built-in synthetic regression of the shape of California housing; none was given with --data;"
            + " the real one is "
            + PUBLISHED);
  }
}
