package io.hfmerge.analysis.report;

import static org.assertj.core.api.Assertions.assertThat;

import blue.strategic.parquet.Hydrator;
import blue.strategic.parquet.ParquetReader;
import io.hfmerge.analysis.AnalysisReport;
import io.hfmerge.analysis.interference.ConflictReport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.parquet.hadoop.metadata.ParquetMetadata;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ParquetReportTest {

  private static final List<AnalysisReport> REPORTS =
      List.of(SampleReports.of("llama"), SampleReports.of("bert"));

  @TempDir Path folder;

  private Path written() throws Exception {
    return Files.write(folder.resolve("analysis.parquet"), ParquetReport.write(REPORTS));
  }

  private static final class Rows
      implements Hydrator<Map<String, Object>, Map<String, Object>, String[]> {
    @Override
    public Map<String, Object> start() {
      return new HashMap<>();
    }

    @Override
    public Map<String, Object> add(Map<String, Object> row, String[] heading, Object value) {
      if (value != null) {
        row.put(heading[0], value);
      }
      return row;
    }

    @Override
    public Map<String, Object> finish(Map<String, Object> row) {
      return row;
    }
  }

  @Test
  void rowsAreThoseOfTheCsvFile() throws Exception {
    assertSameRows(CsvReport.write(REPORTS), written());
  }

  private static void assertSameRows(String csv, Path parquet) throws Exception {
    List<String> lines = csv.lines().toList();
    List<String> header = List.of(lines.getFirst().split(","));
    try (Stream<Map<String, Object>> stream =
        ParquetReader.streamContent(parquet.toFile(), new Rows())) {
      List<Map<String, Object>> rows = stream.toList();
      assertThat(rows).hasSize(lines.size() - 1);
      for (int i = 0; i < rows.size(); i++) {
        // no text of these models has a comma or a quote
        String[] cells = lines.get(i + 1).split(",", -1);
        Map<String, Object> row = rows.get(i);
        for (int j = 0; j < cells.length; j++) {
          Object value = row.get(header.get(j));
          assertThat(value == null ? "" : value.toString())
              .as("row %d, %s", i, header.get(j))
              .isEqualTo(cells[j]);
        }
      }
    }
  }

  @Test
  void columnsHaveTypes() throws Exception {
    ParquetMetadata metadata = ParquetReader.readMetadata(written().toFile());
    assertThat(metadata.getFileMetaData().getSchema().toString())
        .isEqualTo(
            """
            message measurement {
              required binary model (STRING);
              optional binary tensor (STRING);
              optional int32 layer;
              optional binary role (STRING);
              optional int32 head;
              required binary metric (STRING);
              optional double value;
              optional double errorBound;
            }
            """);
    assertThat(metadata.getFileMetaData().getKeyValueMetaData())
        .containsEntry("hfmerge.schema", JsonReport.SCHEMA);
  }

  @Test
  void sameReportsGiveTheSameBytes() {
    assertThat(ParquetReport.write(REPORTS)).isEqualTo(ParquetReport.write(REPORTS));
  }

  @Test
  void conflictsHaveTheRowsOfTheirCsvFileWithTypes() throws Exception {
    ConflictReport report = SampleConflicts.of("bert", List.of("maths", "law"));
    byte[] bytes = ConflictParquet.write(report);
    assertThat(ConflictParquet.write(report)).isEqualTo(bytes);
    Path file = Files.write(folder.resolve("conflicts.parquet"), bytes);
    assertSameRows(ConflictCsv.write(report), file);
    ParquetMetadata metadata = ParquetReader.readMetadata(file.toFile());
    assertThat(metadata.getFileMetaData().getSchema().toString())
        .isEqualTo(
            """
            message measurement {
              required binary group (STRING);
              optional binary tensor (STRING);
              optional binary stack (STRING);
              optional int32 layer;
              optional binary role (STRING);
              optional int32 expert;
              optional binary model (STRING);
              optional binary other (STRING);
              required binary metric (STRING);
              optional double value;
              optional double chance;
            }
            """);
    assertThat(metadata.getFileMetaData().getKeyValueMetaData())
        .containsEntry("hfmerge.schema", ConflictJson.SCHEMA);
  }
}
