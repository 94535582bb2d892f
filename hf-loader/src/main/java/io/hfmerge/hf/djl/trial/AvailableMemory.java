package io.hfmerge.hf.djl.trial;

import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/** How much memory could be taken without anything being swapped out. */
final class AvailableMemory {

  private static final Path LINUX = Path.of("/proc/meminfo");
  private static final String KEY = "MemAvailable:";

  /** Left for activations, the engine itself and whatever else runs. */
  private static final double SHARE = 0.8;

  private AvailableMemory() {}

  /**
   * Bytes: what Linux calls available, within the limit of the container; elsewhere half of what
   * there is, since free memory says little where files fill it.
   */
  static long bytes() {
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long all = system.getTotalMemorySize();
    try (BufferedReader lines = Files.newBufferedReader(LINUX)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith(KEY)) {
          long kilobytes = Long.parseLong(line.substring(KEY.length()).replace("kB", "").strip());
          return (long) (SHARE * Math.min(all, 1024 * kilobytes));
        }
      }
    } catch (IOException | NumberFormatException e) {
      // not Linux
    }
    return all / 2;
  }
}
