package io.hfmerge.analysis.djl;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Tells whether a CUDA device can be there at all, without starting DJL (half a second). */
public final class NvidiaDriver {

  /** What the drivers of Linux and Windows bring with them. */
  private static final List<String> TRACES =
      List.of(
          "/proc/driver/nvidia/version",
          "/dev/nvidiactl",
          "/dev/dxg",
          "C:\\Windows\\System32\\nvcuda.dll");

  private NvidiaDriver() {}

  /** Whether a driver of NVIDIA is installed. */
  public static boolean present() {
    return TRACES.stream().map(Path::of).anyMatch(Files::exists);
  }
}
