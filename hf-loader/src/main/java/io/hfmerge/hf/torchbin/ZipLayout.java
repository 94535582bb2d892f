package io.hfmerge.hf.torchbin;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A zip archive of stored entries whose sizes are known beforehand: where each lies, and the
 * headers and the directory around them. Data begins at multiples of 64 bytes, by an extra field in
 * front of it as PyTorch writes it; sizes and places beyond 32 bits are written in zip64.
 *
 * <p>Source: PKWARE APPNOTE.TXT 6.3.10, section 4.3; caffe2's {@code inline_container.cc}.
 */
final class ZipLayout {

  private static final int ALIGNMENT = 64;
  private static final int LOCAL_BYTES = 30;
  private static final int CENTRAL_BYTES = 46;
  private static final int ZIP64_LOCAL_BYTES = 20;
  private static final int EXTRA_HEADER_BYTES = 4;
  private static final long FULL = 0xffffffffL;
  private static final int FULL_SHORT = 0xffff;

  /** The first day that the format knows, so that the same tensors give the same bytes. */
  private static final short DATE = 0x21;

  private static final short VERSION = 20;
  private static final short VERSION_ZIP64 = 45;

  /** An entry, its header and its data. */
  record Entry(String name, long header, long position, long size) {

    private int nameBytes() {
      return name.getBytes(StandardCharsets.UTF_8).length;
    }

    private boolean isLarge() {
      return size >= FULL;
    }
  }

  private final List<Entry> entries = new ArrayList<>();
  private long end;

  /** Adds an entry behind those added before; returns where its data is. */
  long add(String name, long size) {
    Entry unplaced = new Entry(name, end, 0, size);
    long unaligned =
        end + LOCAL_BYTES + unplaced.nameBytes() + (unplaced.isLarge() ? ZIP64_LOCAL_BYTES : 0);
    // a filler that is wanted has at least its own header
    long position = Math.ceilDiv(unaligned + EXTRA_HEADER_BYTES, ALIGNMENT) * (long) ALIGNMENT;
    entries.add(new Entry(name, end, position, size));
    end = Math.addExact(position, size);
    return position;
  }

  List<Entry> entries() {
    return List.copyOf(entries);
  }

  /** Where the directory begins. */
  long end() {
    return end;
  }

  /** What stands in front of an entry's data. */
  ByteBuffer header(Entry entry, int crc) {
    ByteBuffer out = little((int) (entry.position() - entry.header()));
    int nameBytes = entry.nameBytes();
    int sizeField = (int) (entry.isLarge() ? FULL : entry.size());
    out.putInt(0x04034b50);
    out.putShort(entry.isLarge() ? VERSION_ZIP64 : VERSION);
    out.putShort((short) 0).putShort((short) 0).putShort((short) 0).putShort(DATE);
    out.putInt(crc).putInt(sizeField).putInt(sizeField);
    out.putShort((short) nameBytes);
    out.putShort((short) (out.capacity() - LOCAL_BYTES - nameBytes));
    out.put(entry.name().getBytes(StandardCharsets.UTF_8));
    if (entry.isLarge()) {
      out.putShort((short) 1).putShort((short) 16).putLong(entry.size()).putLong(entry.size());
    }
    out.put((byte) 'F').put((byte) 'B').putShort((short) (out.remaining() - 2));
    while (out.hasRemaining()) {
      out.put((byte) 'Z');
    }
    return out.flip();
  }

  /** The directory and what ends the archive. */
  ByteBuffer directory(List<Integer> crcs) {
    List<ByteBuffer> parts = new ArrayList<>();
    long size = 0;
    for (int i = 0; i < entries.size(); i++) {
      ByteBuffer part = central(entries.get(i), crcs.get(i));
      parts.add(part);
      size += part.remaining();
    }
    ByteBuffer last = ending(size);
    ByteBuffer out = little(Math.toIntExact(size + last.remaining()));
    parts.forEach(out::put);
    return out.put(last).flip();
  }

  private static ByteBuffer central(Entry entry, int crc) {
    boolean far = entry.header() >= FULL;
    int large = (entry.isLarge() ? 16 : 0) + (far ? 8 : 0);
    int extra = large == 0 ? 0 : EXTRA_HEADER_BYTES + large;
    ByteBuffer out = little(CENTRAL_BYTES + entry.nameBytes() + extra);
    int sizeField = (int) (entry.isLarge() ? FULL : entry.size());
    short version = large == 0 ? VERSION : VERSION_ZIP64;
    out.putInt(0x02014b50).putShort(version).putShort(version);
    out.putShort((short) 0).putShort((short) 0).putShort((short) 0).putShort(DATE);
    out.putInt(crc).putInt(sizeField).putInt(sizeField);
    out.putShort((short) entry.nameBytes()).putShort((short) extra).putShort((short) 0);
    out.putShort((short) 0).putShort((short) 0).putInt(0);
    out.putInt((int) (far ? FULL : entry.header()));
    out.put(entry.name().getBytes(StandardCharsets.UTF_8));
    if (large > 0) {
      out.putShort((short) 1).putShort((short) large);
      if (entry.isLarge()) {
        out.putLong(entry.size()).putLong(entry.size());
      }
      if (far) {
        out.putLong(entry.header());
      }
    }
    return out.flip();
  }

  private ByteBuffer ending(long directoryBytes) {
    boolean zip64 = end >= FULL || directoryBytes >= FULL || entries.size() >= FULL_SHORT;
    ByteBuffer out = little(22 + (zip64 ? 56 + 20 : 0));
    if (zip64) {
      out.putInt(0x06064b50).putLong(44).putShort(VERSION_ZIP64).putShort(VERSION_ZIP64);
      out.putInt(0).putInt(0).putLong(entries.size()).putLong(entries.size());
      out.putLong(directoryBytes).putLong(end);
      out.putInt(0x07064b50).putInt(0).putLong(end + directoryBytes).putInt(1);
    }
    short count = (short) Math.min(FULL_SHORT, entries.size());
    out.putInt(0x06054b50).putShort((short) 0).putShort((short) 0).putShort(count).putShort(count);
    out.putInt((int) Math.min(FULL, directoryBytes)).putInt((int) Math.min(FULL, end));
    out.putShort((short) 0);
    return out.flip();
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
