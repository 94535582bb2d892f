package io.hfmerge.examples.experiment.data;

import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Regression with eight features: California housing, else synthetic data of the same shape, each
 * column standardised to mean 0 and deviation 1.
 *
 * <p>{@code --data} is the CSV file {@code housing.csv} (columns longitude, ..., median_income,
 * median_house_value, ocean_proximity; https://github.com/ageron/data) or scikit-learn's export
 * (MedInc, ..., Longitude, MedHouseVal). Rows without all nine numbers are left out and counted.
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

  /** Reads the file if there is one, in an order drawn anew. */
  public static HousingData load(Optional<Path> file, int count, RandomGenerator random)
      throws IOException {
    return file.isPresent() ? read(file.get(), count, random) : builtIn(count, random);
  }

  /** A range of rows. */
  public HousingData slice(int from, int to) {
    return new HousingData(
        java.util.Arrays.copyOfRange(features, from * FEATURES, to * FEATURES),
        java.util.Arrays.copyOfRange(targets, from, to),
        to - from,
        source);
  }

  private static HousingData read(Path file, int count, RandomGenerator random) throws IOException {
    List<double[]> rows = new ArrayList<>();
    int incomplete = 0;
    if (!Files.isRegularFile(file)) {
      throw new java.nio.file.NoSuchFileException(file.toString());
    }
    try (CsvReader<CsvRecord> csv = CsvReader.builder().ofCsvRecord(file)) {
      int[] columns = {};
      for (CsvRecord fields : csv) {
        if (columns.length == 0) {
          columns = columns(file, fields.getFields());
          continue;
        }
        double[] row = new double[FEATURES + 1];
        boolean complete = true;
        for (int i = 0; i < row.length; i++) {
          String text = columns[i] < fields.getFieldCount() ? fields.getField(columns[i]) : "";
          complete &= !text.isBlank();
          row[i] = complete ? number(file, fields.getStartingLineNumber(), text) : 0;
        }
        if (complete) {
          rows.add(row);
        } else {
          incomplete++;
        }
      }
    }
    for (int i = rows.size() - 1; i > 0; i--) {
      java.util.Collections.swap(rows, i, random.nextInt(i + 1));
    }
    List<double[]> taken = rows.subList(0, Math.min(count, rows.size()));
    return of(
        taken,
        "California housing, %d of %d rows of %s (%d incomplete ones left out)"
            .formatted(taken.size(), rows.size(), file.getFileName(), incomplete));
  }

  private static double number(Path file, long line, String text) throws IOException {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw new IOException(
          "%s, line %d: expected a number, found \"%s\"".formatted(file, line, text), e);
    }
  }

  private static int[] columns(Path file, List<String> found) throws IOException {
    for (List<String> header : HEADERS) {
      if (found.containsAll(header)) {
        return header.stream().mapToInt(found::indexOf).toArray();
      }
    }
    throw new IOException(
        "%s: expected the columns %s or %s, found %s"
            .formatted(file, HEADERS.getFirst(), HEADERS.getLast(), found));
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
    return of(rows, "built-in synthetic regression of the shape of California housing (no --data)");
  }
}
