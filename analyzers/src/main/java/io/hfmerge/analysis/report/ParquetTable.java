package io.hfmerge.analysis.report;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Function;
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
 * Rows of a long table as a Parquet file. Not compressed: repeated texts are dictionary-encoded,
 * and doubles do not compress. Equal rows give equal bytes.
 *
 * @param schema name of the table's schema, kept among the file's metadata
 * @param columns one after another
 */
record ParquetTable<R>(String schema, List<Column<R>> columns) {

  /** Key of the schema's name. */
  private static final String SCHEMA_KEY = "hfmerge.schema";

  /** Takes the value of a column out of a row: null where it is empty. */
  private interface Cell<R> {
    @Nullable Object of(R row);
  }

  /** A column, made by one of the methods below. */
  static final class Column<R> {
    private final Type type;
    private final Cell<R> cell;

    private Column(Type type, Cell<R> cell) {
      this.type = type;
      this.cell = cell;
    }
  }

  ParquetTable {
    columns = List.copyOf(columns);
  }

  /** Texts in UTF-8, none missing. */
  static <R> Column<R> required(String name, Function<R, String> text) {
    return new Column<>(type(name, PrimitiveTypeName.BINARY, Repetition.REQUIRED), text::apply);
  }

  /** Texts in UTF-8, null where they are empty. */
  static <R> Column<R> text(String name, Function<R, String> text) {
    return new Column<>(
        type(name, PrimitiveTypeName.BINARY, Repetition.OPTIONAL),
        row -> {
          String value = text.apply(row);
          return value.isEmpty() ? null : value;
        });
  }

  /** 32-bit integers. */
  static <R> Column<R> whole(String name, Function<R, OptionalInt> whole) {
    return new Column<>(
        type(name, PrimitiveTypeName.INT32, Repetition.OPTIONAL),
        row -> {
          OptionalInt value = whole.apply(row);
          return value.isPresent() ? value.getAsInt() : null;
        });
  }

  /** Doubles, null where they are not finite. */
  static <R> Column<R> number(String name, Function<R, OptionalDouble> number) {
    return new Column<>(
        type(name, PrimitiveTypeName.DOUBLE, Repetition.OPTIONAL),
        row -> {
          OptionalDouble value = number.apply(row);
          return value.isPresent() && Double.isFinite(value.getAsDouble())
              ? value.getAsDouble()
              : null;
        });
  }

  private static Type type(String name, PrimitiveTypeName primitive, Repetition repetition) {
    Types.PrimitiveBuilder<? extends Type> type = Types.primitive(primitive, repetition);
    return primitive == PrimitiveTypeName.BINARY
        ? type.as(LogicalTypeAnnotation.stringType()).named(name)
        : type.named(name);
  }

  /** Writes rows, one after another. */
  byte[] write(List<R> rows) {
    MemoryFile file = new MemoryFile();
    try (ParquetWriter<R> writer =
        new Builder<>(file, this)
            .withConf(new PlainParquetConfiguration())
            .withCompressionCodec(CompressionCodecName.UNCOMPRESSED)
            .build()) {
      for (R row : rows) {
        writer.write(row);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file.bytes();
  }

  private static final class Builder<R> extends ParquetWriter.Builder<R, Builder<R>> {
    private final ParquetTable<R> table;

    Builder(OutputFile file, ParquetTable<R> table) {
      super(file);
      this.table = table;
    }

    @Override
    protected Builder<R> self() {
      return this;
    }

    @Override
    protected WriteSupport<R> getWriteSupport(ParquetConfiguration configuration) {
      return new RowSupport<>(table);
    }

    @Override
    @Deprecated
    protected WriteSupport<R> getWriteSupport(Configuration configuration) {
      return new RowSupport<>(table);
    }
  }

  private static final class RowSupport<R> extends WriteSupport<R> {
    private final ParquetTable<R> table;
    private @Nullable RecordConsumer consumer;

    RowSupport(ParquetTable<R> table) {
      this.table = table;
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
      List<Type> fields = table.columns().stream().map(column -> column.type).toList();
      return new WriteContext(
          new MessageType("measurement", fields), Map.of(SCHEMA_KEY, table.schema()));
    }

    @Override
    public void prepareForWrite(RecordConsumer recordConsumer) {
      consumer = recordConsumer;
    }

    @Override
    public void write(R row) {
      RecordConsumer to = Objects.requireNonNull(consumer);
      to.startMessage();
      for (int i = 0; i < table.columns().size(); i++) {
        Column<R> column = table.columns().get(i);
        Object value = column.cell.of(row);
        if (value != null) {
          to.startField(column.type.getName(), i);
          add(to, value);
          to.endField(column.type.getName(), i);
        }
      }
      to.endMessage();
    }

    private static void add(RecordConsumer to, Object value) {
      switch (value) {
        case Integer number -> to.addInteger(number);
        case Double number -> to.addDouble(number);
        default -> to.addBinary(Binary.fromString(value.toString()));
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
