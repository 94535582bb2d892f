package io.hfmerge.cli;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Gives the process its own standard error back.
 *
 * <p>The JVM prints a warning about incubating modules (the Vector API) that no flag turns off. The
 * launcher therefore starts Java with standard error led through a filter that drops this one line,
 * and the real standard error as file descriptor 3. This puts it back, for native libraries too.
 */
final class StandardError {

  /** Set by the launcher where descriptor 3 is the real standard error. */
  private static final String KEPT = "hfmerge.stderr.kept";

  private static final int KEPT_DESCRIPTOR = 3;
  private static final int STANDARD_ERROR = 2;

  private StandardError() {}

  @SuppressWarnings("restricted") // the launcher enables native access
  static void restore() {
    if (!Boolean.getBoolean(KEPT)) {
      return;
    }
    Linker linker = Linker.nativeLinker();
    FunctionDescriptor twoInts =
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
    FunctionDescriptor oneInt = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
    try {
      MethodHandle dup2 =
          linker.downcallHandle(linker.defaultLookup().findOrThrow("dup2"), twoInts);
      MethodHandle close =
          linker.downcallHandle(linker.defaultLookup().findOrThrow("close"), oneInt);
      int duplicated = (int) dup2.invokeExact(KEPT_DESCRIPTOR, STANDARD_ERROR);
      if (duplicated == STANDARD_ERROR) {
        int closed = (int) close.invokeExact(KEPT_DESCRIPTOR);
        if (closed != 0) {
          System.err.println("hfmerge: descriptor 3 cannot be closed");
        }
      }
    } catch (Throwable e) {
      // the filter stays in place: messages still arrive, a little later
      System.err.println("hfmerge: standard error stays filtered: " + e);
    }
  }
}
