package io.hfmerge.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The process's standard output, which remembers its first failure: writers above swallow it. */
final class StandardOutput extends OutputStream {

  /** What Unix and Windows call a reader that has gone, such as {@code head}: no failure. */
  private static final String BROKEN_PIPE = "Broken pipe";

  private static final String PIPE_CLOSED = "The pipe is being closed";

  private final OutputStream out = new FileOutputStream(FileDescriptor.out);
  private @Nullable IOException failure;

  @Override
  public void write(int value) throws IOException {
    write(new byte[] {(byte) value}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    try {
      out.write(bytes, offset, length);
    } catch (IOException e) {
      if (failure == null) {
        failure = e;
      }
      throw e;
    }
  }

  /** Why what was printed is not complete, unless the reader did not want more. */
  Optional<IOException> failure() {
    return Optional.ofNullable(failure)
        .filter(e -> {
          String message = String.valueOf(e.getMessage());
          return !message.contains(BROKEN_PIPE) && !message.contains(PIPE_CLOSED);
        });
  }
}
