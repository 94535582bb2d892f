package io.hfmerge.hf.output;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** On what a merge ran. */
final class Machine {

  private static final Path LINUX_CPUS = Path.of("/proc/cpuinfo");

  private Machine() {}

  /** Java, operating system and processor, for people. */
  static Map<String, String> describe() {
    Map<String, String> machine = new LinkedHashMap<>();
    machine.put(
        "java",
        System.getProperty("java.vm.name", "") + " " + System.getProperty("java.vm.version"));
    machine.put(
        "os", System.getProperty("os.name", "") + " " + System.getProperty("os.version", ""));
    machine.put("cpu", cpu());
    return machine;
  }

  private static String cpu() {
    String architecture = System.getProperty("os.arch", "");
    try (BufferedReader lines = Files.newBufferedReader(LINUX_CPUS)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        int colon = line.indexOf(':');
        if (colon > 0 && line.substring(0, colon).strip().equals("model name")) {
          return architecture + ", " + line.substring(colon + 1).strip();
        }
      }
    } catch (IOException e) {
      // not Linux, or nothing that may be read: the architecture alone is known
    }
    String windows = System.getenv("PROCESSOR_IDENTIFIER");
    return windows == null ? architecture : architecture + ", " + windows;
  }
}
