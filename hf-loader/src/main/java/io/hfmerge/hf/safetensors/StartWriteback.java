package io.hfmerge.hf.safetensors;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * {@code sync_file_range(2)} with {@code SYNC_FILE_RANGE_WRITE}: Linux begins to write a file's
 * dirty pages to the disk and promises nothing. Java has no such call, and a force, which waits for
 * the file system's journal, slows writers of the same file down to a third.
 */
final class StartWriteback {

  /** {@code null} where there is no such call or native access is not enabled. */
  static final @Nullable StartWriteback INSTANCE = find();

  private static final int WRITE_ONLY = 1; // O_WRONLY
  private static final int BEGIN_WRITING = 2; // SYNC_FILE_RANGE_WRITE
  private static final long TO_THE_END = 0;

  private final MethodHandle open;
  private final MethodHandle syncFileRange;
  private final MethodHandle close;

  private StartWriteback(MethodHandle open, MethodHandle syncFileRange, MethodHandle close) {
    this.open = open;
    this.syncFileRange = syncFileRange;
    this.close = close;
  }

  private static @Nullable StartWriteback find() {
    // without the option the first use would print a warning
    if (!System.getProperty("os.name").equals("Linux")
        || !StartWriteback.class.getModule().isNativeAccessEnabled()) {
      return null;
    }
    ValueLayout.OfInt c = ValueLayout.JAVA_INT;
    ValueLayout.OfLong offset = ValueLayout.JAVA_LONG;
    MethodHandle open = call("open", FunctionDescriptor.of(c, ValueLayout.ADDRESS, c));
    MethodHandle range = call("sync_file_range", FunctionDescriptor.of(c, c, offset, offset, c));
    MethodHandle close = call("close", FunctionDescriptor.of(c, c));
    return open == null || range == null || close == null
        ? null
        : new StartWriteback(open, range, close);
  }

  @SuppressWarnings("restricted") // only where native access is enabled
  private static @Nullable MethodHandle call(String name, FunctionDescriptor signature) {
    Linker linker = Linker.nativeLinker();
    return linker
        .defaultLookup()
        .find(name)
        .map(address -> linker.downcallHandle(address, signature))
        .orElse(null);
  }

  /**
   * Begins to write the pages of a file that are dirty now. Returns without waiting for the disk,
   * unless its queue is full.
   *
   * @return false if the system refused
   */
  boolean start(Path file) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment path = arena.allocateFrom(file.toString());
      int descriptor = (int) open.invokeExact(path, WRITE_ONLY);
      if (descriptor < 0) {
        return false;
      }
      int result = (int) syncFileRange.invokeExact(descriptor, 0L, TO_THE_END, BEGIN_WRITING);
      int closed = (int) close.invokeExact(descriptor);
      return result == 0 && closed == 0;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("a native call failed", e);
    }
  }
}
