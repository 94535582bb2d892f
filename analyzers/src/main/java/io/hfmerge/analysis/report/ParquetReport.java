package io.hfmerge.analysis.report;

import io.hfmerge.analysis.AnalysisReport;
import io.hfmerge.analysis.report.LongTable.Row;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.conf.ParquetConfiguration;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.PositionOutputStream;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Type.Repetition;
import org.apache.parquet.schema.Types;
import org.jspecify.annotations.Nullable;

/**
 * The long table of {@link CsvReport} as a Parquet file: texts as UTF-8, {@code layer}, {@code
 * head} and {@code expert} as 32-bit integers, {@code value} and {@code errorBound} as doubles, all
 * but {@code model} and {@code metric} null where they are empty. Not compressed: repeated texts
 * are dictionary-encoded, and doubles do not compress. Equal reports give equal bytes.
 */
public final class ParquetReport {

  /** Key of the schema's name among the file's metadata. */
  private static final String SCHEMA_KEY = "hfmerge.schema";

  private ParquetReport() {}

  /** Writes reports, one after another. */
  public static byte[] write(List<AnalysisReport> reports) {
    LongTable table = LongTable.of(reports);
    MemoryFile file = new MemoryFile();
    try (ParquetWriter<Row> writer =
        new Builder(file, schema(table.extended()))
            .withConf(new PlainParquetConfiguration())
            .withCompressionCodec(CompressionCodecName.UNCOMPRESSED)
            .build()) {
      for (Row row : table.rows()) {
        writer.write(row);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file.bytes();
  }

  private static MessageType schema(boolean extended) {
    List<Type> fields =
        new ArrayList<>(
            List.of(
                text("model", Repetition.REQUIRED),
                text("tensor", Repetition.OPTIONAL),
                number("layer", PrimitiveTypeName.INT32),
                text("role", Repetition.OPTIONAL),
                number("head", PrimitiveTypeName.INT32),
                text("metric", Repetition.REQUIRED),
                number("value", PrimitiveTypeName.DOUBLE),
                number("errorBound", PrimitiveTypeName.DOUBLE)));
    if (extended) {
      fields.add(text("stack", Repetition.OPTIONAL));
      fields.add(number("expert", PrimitiveTypeName.INT32));
    }
    return new MessageType("measurement", fields);
  }

  private static Type text(String name, Repetition repetition) {
    return Types.primitive(PrimitiveTypeName.BINARY, repetition)
        .as(LogicalTypeAnnotation.stringType())
        .named(name);
  }

  private static Type number(String name, PrimitiveTypeName type) {
    return Types.optional(type).named(name);
  }

  private static final class Builder extends ParquetWriter.Builder<Row, Builder> {
    private final MessageType schema;

    Builder(OutputFile file, MessageType schema) {
      super(file);
      this.schema = schema;
    }

    @Override
    protected Builder self() {
      return this;
    }

    @Override
    protected WriteSupport<Row> getWriteSupport(ParquetConfiguration configuration) {
      return new RowSupport(schema);
    }

    @Override
    @Deprecated
    protected WriteSupport<Row> getWriteSupport(Configuration configuration) {
      return new RowSupport(schema);
    }
  }

  private static final class RowSupport extends WriteSupport<Row> {
    private final MessageType schema;
    private @Nullable RecordConsumer consumer;

    RowSupport(MessageType schema) {
      this.schema = schema;
    }

    @Override
    @Deprecated
    public WriteContext init(Configuration configuration) {
      return context();
    }

    @Override
    public WriteContext init(ParquetConfiguration configuration) {
      return context();
    }

    private WriteContext context() {
      return new WriteContext(schema, Map.of(SCHEMA_KEY, JsonReport.SCHEMA));
    }

    @Override
    public void prepareForWrite(RecordConsumer recordConsumer) {
      consumer = recordConsumer;
    }

    @Override
    public void write(Row row) {
      RecordConsumer to = Objects.requireNonNull(consumer);
      to.startMessage();
      text(to, "model", row.model(), true);
      text(to, "tensor", row.tensor(), false);
      integer(to, "layer", row.layer());
      text(to, "role", row.role(), false);
      integer(to, "head", row.head());
      text(to, "metric", row.metric(), true);
      number(
          to,
          "value",
          Double.isFinite(row.value()) ? OptionalDouble.of(row.value()) : OptionalDouble.empty());
      number(to, "errorBound", row.errorBound());
      if (schema.containsField("stack")) {
        text(to, "stack", row.stack(), false);
        integer(to, "expert", row.expert());
      }
      to.endMessage();
    }

    private void text(RecordConsumer to, String field, String value, boolean required) {
      if (required || !value.isEmpty()) {
        to.startField(field, schema.getFieldIndex(field));
        to.addBinary(Binary.fromString(value));
        to.endField(field, schema.getFieldIndex(field));
      }
    }

    private void integer(RecordConsumer to, String field, OptionalInt value) {
      if (value.isPresent()) {
        to.startField(field, schema.getFieldIndex(field));
        to.addInteger(value.getAsInt());
        to.endField(field, schema.getFieldIndex(field));
      }
    }

    private void number(RecordConsumer to, String field, OptionalDouble value) {
      if (value.isPresent()) {
        to.startField(field, schema.getFieldIndex(field));
        to.addDouble(value.getAsDouble());
        to.endField(field, schema.getFieldIndex(field));
      }
    }
  }

  /** A file in memory: reports are small beside what they are made of. */
  private static final class MemoryFile implements OutputFile {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    byte[] bytes() {
      return bytes.toByteArray();
    }

    @Override
    public PositionOutputStream create(long blockSizeHint) {
      return new PositionOutputStream() {
        @Override
        public long getPos() {
          return bytes.size();
        }

        @Override
        public void write(int b) {
          bytes.write(b);
        }

        @Override
        public void write(byte[] data, int offset, int length) {
          bytes.write(data, offset, length);
        }
      };
    }

    @Override
    public PositionOutputStream createOrOverwrite(long blockSizeHint) {
      return create(blockSizeHint);
    }

    @Override
    public boolean supportsBlockSize() {
      return false;
    }

    @Override
    public long defaultBlockSize() {
      return 0;
    }
  }
}
