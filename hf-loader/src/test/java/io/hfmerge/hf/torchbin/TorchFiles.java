package io.hfmerge.hf.torchbin;

import io.hfmerge.hf.files.ByteSource;
import io.hfmerge.hf.testing.StoredTensor;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.TensorSpec;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Reference files, and files made by hand. */
final class TorchFiles {

  private static final Path GOLDEN = Path.of("src/test/resources/golden").toAbsolutePath();

  private TorchFiles() {}

  /** A file that torch.save wrote; see make_torch_files.py beside it. */
  static Path torch(String name) {
    return GOLDEN.resolve("torch").resolve(name);
  }

  static Path formats(String name) {
    return GOLDEN.resolve("formats").resolve(name);
  }

  /** All tensors of an open checkpoint, as it reads them. */
  static Map<String, StoredTensor> read(Checkpoint checkpoint) throws IOException {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    for (TensorSpec spec : checkpoint.tensors()) {
      byte[] bytes = new byte[Math.toIntExact(spec.sizeBytes())];
      checkpoint.read(spec.name(), 0, MemorySegment.ofArray(bytes));
      tensors.put(spec.name(), new StoredTensor(spec, bytes));
    }
    return tensors;
  }

  /** Bytes in memory. */
  static ByteSource source(byte[] bytes) {
    return new ByteSource() {
      @Override
      public String name() {
        return "memory";
      }

      @Override
      public long size() {
        return bytes.length;
      }

      @Override
      public void read(long position, ByteBuffer target) throws IOException {
        if (position < 0 || position + target.remaining() > bytes.length) {
          throw new EOFException("asked for bytes outside of the file");
        }
        target.put(bytes, (int) position, target.remaining());
      }
    };
  }

  /** A zip archive of stored entries, as other tools write it. */
  static byte[] zip(Map<String, byte[]> entries, int method) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
        CRC32 crc = new CRC32();
        crc.update(entry.getValue());
        ZipEntry header = new ZipEntry(entry.getKey());
        header.setMethod(method);
        header.setSize(entry.getValue().length);
        header.setCrc(crc.getValue());
        zip.putNextEntry(header);
        zip.write(entry.getValue());
      }
    }
    return bytes.toByteArray();
  }

  /** An archive with this pickle and one storage of 16 bytes under key 0. */
  static byte[] archive(byte[] pickle) throws IOException {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("m/data.pkl", pickle);
    entries.put("m/data/0", new byte[16]);
    entries.put("m/version", "3\n".getBytes(StandardCharsets.US_ASCII));
    return zip(entries, ZipEntry.STORED);
  }

  /**
   * A pickle of one tensor under the name {@code w}.
   *
   * @param storage type and number of elements, e.g. {@code FloatStorage 4}
   * @param view offset, sizes and strides as opcodes
   */
  static byte[] tensorPickle(String storage, long elements, byte[] view) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(ascii("\u0080\u0002}X\u0001\0\0\0wctorch._utils\n_rebuild_tensor_v2\n(("));
    out.writeBytes(
        ascii("X\u0007\0\0\0storagectorch\n" + storage + "\nX\u0001\0\0\0000X\u0003\0\0\0cpu"));
    out.writeBytes(number(elements));
    out.writeBytes(ascii("tQ"));
    out.writeBytes(view);
    out.writeBytes(ascii("\u0089}tRs."));
    return out.toByteArray();
  }

  /** Offset, sizes and strides of a tensor. */
  static byte[] view(long offset, long[] sizes, long[] strides) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(number(offset));
    for (long[] tuple : new long[][] {sizes, strides}) {
      out.write('(');
      for (long value : tuple) {
        out.writeBytes(number(value));
      }
      out.write('t');
    }
    return out.toByteArray();
  }

  /** A number of eight bytes. */
  static byte[] number(long value) {
    ByteBuffer number = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN);
    return number.put((byte) 0x8a).put((byte) 8).putLong(value).array();
  }

  /** One byte for each character. */
  static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
