package io.hfmerge.hf.torchbin;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.files.ByteSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where the entries of a zip archive lie in the file, by the central directory and each entry's own
 * header; zip64 included. Nothing is ever unpacked.
 *
 * <p>Sizes are the central directory's: in front of the data they may be left open (a "data
 * descriptor" follows). CRCs are not checked; PyTorch does not check them either, and some builds
 * write zeros.
 *
 * <p>Source: PKWARE APPNOTE.TXT 6.3.10, section 4.3.
 */
record ZipDirectory(Map<String, Entry> entries) {

  /** Room for 600,000 entries; one of 60,000 tensors has 6 MB. */
  private static final long MAX_DIRECTORY_BYTES = 64L << 20;

  private static final int LOCAL_HEADER = 0x04034b50;
  private static final int CENTRAL_HEADER = 0x02014b50;
  private static final int END = 0x06054b50;
  private static final int END64_LOCATOR = 0x07064b50;
  private static final int END64 = 0x06064b50;

  private static final int LOCAL_BYTES = 30;
  private static final int CENTRAL_BYTES = 46;
  private static final int END_BYTES = 22;
  private static final int END64_LOCATOR_BYTES = 20;
  private static final int END64_BYTES = 56;
  private static final int MAX_COMMENT_BYTES = 0xffff;

  private static final int ZIP64_EXTRA = 1;
  private static final int ENCRYPTED = 1;
  private static final int IN_ZIP64_SHORT = 0xffff;
  private static final long IN_ZIP64_INT = 0xffffffffL;

  /**
   * An entry: as the central directory has it, and the place of its data once that was looked up.
   */
  static final class Entry implements TorchContent.Range {

    private final Reader reader;
    private final Listed listed;

    private final Limit limit;
    private volatile long position = -1;

    private Entry(Reader reader, Listed listed, Limit limit) {
      this.reader = reader;
      this.listed = listed;
      this.limit = limit;
    }

    /** As written, checked to stay below the archive's own folder. */
    String name() {
      return listed.name();
    }

    /** Number of bytes in the file. */
    @Override
    public long size() {
      return listed.size();
    }

    /** 0 if they are stored as they are. */
    int method() {
      return listed.method();
    }

    /** Reads the entry's own header when it is first asked for. */
    @Override
    public long position() throws IOException {
      long known = position;
      if (known < 0) {
        known = reader.dataPosition(listed, limit);
        position = known;
      }
      return known;
    }
  }

  /** Where something else begins: what, and at which byte. */
  private record Limit(String what, long position) {}

  /** As the central directory has it. */
  private record Listed(String name, long header, long size, int method) {}

  /** Where the central directory is. */
  private record Place(long position, long size, long entries) {}

  ZipDirectory {
    entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
  }

  /** The entry of this name. */
  Optional<Entry> find(String name) {
    return Optional.ofNullable(entries.get(name));
  }

  /**
   * Refuses an archive that is not PyTorch's own.
   *
   * @throws UnsupportedFeatureException if an entry is compressed
   */
  void requireStored(String source) {
    for (Entry entry : entries.values()) {
      if (entry.method() != 0) {
        throw new UnsupportedFeatureException(
            "%s: zip archive at byte %d: expected entry \"%s\" stored as torch.save stores it, found"
                    .formatted(source, entry.listed.header(), entry.name())
                + " it compressed by method "
                + entry.method());
      }
    }
  }

  /**
   * Reads and checks the directory of an archive.
   *
   * @throws MalformedCheckpointException if it breaks a rule of the format: sizes or offsets beyond
   *     the file, entries that overlap, names twice or leading out of the archive
   * @throws UnsupportedFeatureException if an entry is encrypted
   * @throws IOException if it cannot be read
   */
  static ZipDirectory read(ByteSource source) throws IOException {
    ZipDirectory directory = new Reader(source).list(false);
    long free = 0;
    String before = "";
    for (Entry entry : directory.entries().values()) {
      if (entry.listed.header() < free) {
        throw entry.reader.malformed(
            entry.listed.header(),
            "expected entry \"%s\" after the data of \"%s\", which ends at byte %d, found it before"
                .formatted(entry.name(), before, free));
      }
      free = entry.position() + entry.size();
      before = entry.name();
    }
    return directory;
  }

  /**
   * Reads the directory alone; what each entry has in front of its data is read and checked when
   * its position is asked for.
   *
   * @see #read
   */
  static ZipDirectory list(ByteSource source) throws IOException {
    return new Reader(source).list(true);
  }

  private record Reader(ByteSource source) {

    /**
     * Entries in the order of their headers.
     *
     * @param bounded whether an entry's data must end before the next entry, which is otherwise
     *     checked by whoever looks at all of them
     */
    ZipDirectory list(boolean bounded) throws IOException {
      Place place = place();
      List<Listed> listed = listed(place);
      listed.sort(Comparator.comparingLong(Listed::header));
      Map<String, Entry> entries = new LinkedHashMap<>();
      for (int i = 0; i < listed.size(); i++) {
        Listed entry = listed.get(i);
        Limit limit =
            bounded && i + 1 < listed.size()
                ? new Limit("the next entry", listed.get(i + 1).header())
                : new Limit("the directory", place.position());
        if (entries.put(entry.name(), new Entry(this, entry, limit)) != null) {
          throw malformed(
              entry.header(), "expected entry \"" + entry.name() + "\" once, found it twice");
        }
      }
      return new ZipDirectory(entries);
    }

    /** The end record is the last thing of the file but for a comment. */
    private Place place() throws IOException {
      long size = source.size();
      int length = (int) Math.min(size, END_BYTES + MAX_COMMENT_BYTES);
      ByteBuffer tail = buffer(size - length, length);
      int at = length - END_BYTES;
      while (at >= 0
          && !(tail.getInt(at) == END
              && at + END_BYTES + unsigned(tail.getShort(at + 20)) == length)) {
        at--;
      }
      if (at < 0) {
        throw malformed(
            size,
            "expected the directory of a zip archive at the end, found none; is the file cut"
                + " short? fetch it again");
      }
      long end = size - length + at;
      int disk = unsigned(tail.getShort(at + 4));
      long entries = unsigned(tail.getShort(at + 10));
      long bytes = Integer.toUnsignedLong(tail.getInt(at + 12));
      long position = Integer.toUnsignedLong(tail.getInt(at + 16));
      if (disk == IN_ZIP64_SHORT
          || entries == IN_ZIP64_SHORT
          || bytes == IN_ZIP64_INT
          || position == IN_ZIP64_INT) {
        return checked(place64(end), end);
      }
      if (disk != 0) {
        throw malformed(end, "expected an archive of one part, found part " + disk);
      }
      return checked(new Place(position, bytes, entries), end);
    }

    private Place place64(long end) throws IOException {
      long locator = end - END64_LOCATOR_BYTES;
      if (locator < 0) {
        throw malformed(end, "expected a zip64 locator before it, found the file's beginning");
      }
      ByteBuffer found = buffer(locator, END64_LOCATOR_BYTES);
      long record = found.getLong(8);
      if (found.getInt(0) != END64_LOCATOR) {
        throw malformed(locator, "expected a zip64 locator, found other bytes");
      }
      if (record < 0 || record > locator - END64_BYTES) {
        throw malformed(
            locator,
            "expected a zip64 record before it, found its place as byte "
                + Long.toUnsignedString(record));
      }
      ByteBuffer end64 = buffer(record, END64_BYTES);
      if (end64.getInt(0) != END64) {
        throw malformed(record, "expected a zip64 record, found other bytes");
      }
      return new Place(end64.getLong(48), end64.getLong(40), end64.getLong(32));
    }

    private Place checked(Place place, long end) {
      if (place.size() < 0 || place.size() > MAX_DIRECTORY_BYTES) {
        throw malformed(
            end,
            "expected a directory of at most %d bytes, found %s"
                .formatted(MAX_DIRECTORY_BYTES, Long.toUnsignedString(place.size())));
      }
      if (place.position() < 0 || place.position() > end - place.size()) {
        throw malformed(
            end,
            "expected a directory of %d bytes before it, found its place as byte %s"
                .formatted(place.size(), Long.toUnsignedString(place.position())));
      }
      if (place.entries() < 0 || place.entries() > place.size() / CENTRAL_BYTES) {
        throw malformed(
            end,
            "expected at most %d entries in a directory of %d bytes, found %s"
                .formatted(
                    place.size() / CENTRAL_BYTES,
                    place.size(),
                    Long.toUnsignedString(place.entries())));
      }
      return place;
    }

    private List<Listed> listed(Place place) throws IOException {
      ByteBuffer directory = buffer(place.position(), (int) place.size());
      List<Listed> listed = new ArrayList<>();
      for (long i = 0; i < place.entries(); i++) {
        long at = place.position() + directory.position();
        if (directory.remaining() < CENTRAL_BYTES
            || directory.getInt(directory.position()) != CENTRAL_HEADER) {
          throw malformed(at, "expected entry " + i + " of the directory, found other bytes");
        }
        int header = directory.position();
        int nameBytes = unsigned(directory.getShort(header + 28));
        int extraBytes = unsigned(directory.getShort(header + 30));
        int commentBytes = unsigned(directory.getShort(header + 32));
        if (directory.remaining() < CENTRAL_BYTES + nameBytes + extraBytes + commentBytes) {
          throw malformed(at, "expected entry " + i + " within the directory, found its end");
        }
        String name = name(at, directory.slice(header + CENTRAL_BYTES, nameBytes));
        ByteBuffer extra =
            directory
                .slice(header + CENTRAL_BYTES + nameBytes, extraBytes)
                .order(ByteOrder.LITTLE_ENDIAN);
        listed.add(entry(at, name, directory.slice(header, CENTRAL_BYTES), extra));
        directory.position(header + CENTRAL_BYTES + nameBytes + extraBytes + commentBytes);
      }
      return listed;
    }

    private Listed entry(long at, String name, ByteBuffer central, ByteBuffer extra) {
      central.order(ByteOrder.LITTLE_ENDIAN);
      int method = unsigned(central.getShort(10));
      if ((central.getShort(8) & ENCRYPTED) != 0) {
        throw unsupported(at, "expected entry \"" + name + "\" in the clear, found it encrypted");
      }
      long stored = Integer.toUnsignedLong(central.getInt(20));
      long size = Integer.toUnsignedLong(central.getInt(24));
      long header = Integer.toUnsignedLong(central.getInt(42));
      ByteBuffer zip64 = zip64(at, name, extra);
      // each number is there only where its 32-bit field is full, in this order
      size = size == IN_ZIP64_INT ? next(at, name, zip64) : size;
      stored = stored == IN_ZIP64_INT ? next(at, name, zip64) : stored;
      header = header == IN_ZIP64_INT ? next(at, name, zip64) : header;
      if (size < 0 || stored < 0 || (method == 0 && stored != size)) {
        throw malformed(
            at,
            "expected entry \"%s\" with one size, found %s stored and %s unpacked"
                .formatted(name, Long.toUnsignedString(stored), Long.toUnsignedString(size)));
      }
      return new Listed(name, header, stored, method);
    }

    private ByteBuffer zip64(long at, String name, ByteBuffer extra) {
      while (extra.remaining() >= 4) {
        int id = unsigned(extra.getShort());
        int length = unsigned(extra.getShort());
        if (length > extra.remaining()) {
          throw malformed(
              at,
              "expected an extra field of entry \"%s\" of %d bytes, found %d"
                  .formatted(name, length, extra.remaining()));
        }
        if (id == ZIP64_EXTRA) {
          return extra.slice(extra.position(), length).order(ByteOrder.LITTLE_ENDIAN);
        }
        extra.position(extra.position() + length);
      }
      return ByteBuffer.allocate(0);
    }

    private long next(long at, String name, ByteBuffer zip64) {
      if (zip64.remaining() < Long.BYTES) {
        throw malformed(at, "expected a 64-bit size of entry \"" + name + "\", found none");
      }
      return zip64.getLong();
    }

    /** Where the data begins: behind the entry's own header, whose lengths may differ. */
    private long dataPosition(Listed entry, Limit limit) throws IOException {
      long at = entry.header();
      if (at < 0 || at > limit.position() - LOCAL_BYTES) {
        throw malformed(
            Math.max(0, limit.position()),
            "expected the header of entry \"%s\" before %s, found its place as byte %s"
                .formatted(entry.name(), limit.what(), Long.toUnsignedString(at)));
      }
      ByteBuffer local = buffer(at, LOCAL_BYTES);
      int nameBytes = unsigned(local.getShort(26));
      int extraBytes = unsigned(local.getShort(28));
      if (local.getInt(0) != LOCAL_HEADER) {
        throw malformed(
            at, "expected the header of entry \"" + entry.name() + "\", found other bytes");
      }
      long position = at + LOCAL_BYTES + nameBytes + extraBytes;
      if (position > limit.position() || entry.size() > limit.position() - position) {
        throw malformed(
            at,
            "expected entry \"%s\" of %d bytes before %s at byte %d, found its data at"
                    .formatted(entry.name(), entry.size(), limit.what(), limit.position())
                + " byte "
                + position);
      }
      byte[] name = source.bytes(at + LOCAL_BYTES, nameBytes);
      if (!Arrays.equals(name, entry.name().getBytes(StandardCharsets.UTF_8))) {
        throw malformed(
            at,
            "expected entry \"%s\", found \"%s\""
                .formatted(entry.name(), new String(name, StandardCharsets.UTF_8)));
      }
      return position;
    }

    private String name(long at, ByteBuffer bytes) {
      CharBuffer decoded;
      try {
        decoded = StandardCharsets.UTF_8.newDecoder().decode(bytes);
      } catch (CharacterCodingException e) {
        throw malformed(at, "expected the name of an entry in UTF-8, found other bytes");
      }
      String name = decoded.toString();
      boolean leaves =
          name.isEmpty()
              || name.startsWith("/")
              || name.indexOf('\\') >= 0
              || name.indexOf('\0') >= 0
              || List.of(name.split("/", -1)).contains("..");
      if (leaves) {
        throw malformed(
            at, "expected the name of an entry below the archive, found \"" + name + '"');
      }
      return name;
    }

    private ByteBuffer buffer(long position, int length) throws IOException {
      return ByteBuffer.wrap(source.bytes(position, length)).order(ByteOrder.LITTLE_ENDIAN);
    }

    private MalformedCheckpointException malformed(long at, String what) {
      return new MalformedCheckpointException(
          "%s: zip archive at byte %d: %s".formatted(source.name(), at, what));
    }

    private UnsupportedFeatureException unsupported(long at, String what) {
      return new UnsupportedFeatureException(
          "%s: zip archive at byte %d: %s".formatted(source.name(), at, what));
    }
  }

  private static int unsigned(short value) {
    return Short.toUnsignedInt(value);
  }
}
