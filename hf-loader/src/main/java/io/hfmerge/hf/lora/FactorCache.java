package io.hfmerge.hf.lora;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Decoded factors of the modules that are being read, so that reading a tensor block by block
 * decodes them once; the ones not used for longest are dropped beyond a budget. Thread-safe: one
 * thread decodes, those that want the same module wait, others do not.
 */
final class FactorCache {

  /**
   * Room for the factors of several threads' tensors; rank 64 of a 4096 x 11008 matrix has 8 MB.
   */
  private static final long BUDGET_BYTES = 256L << 20;

  /** Decodes the factors of a module. */
  interface Source {
    LowRankFactors read() throws IOException;
  }

  private static final class Entry {
    private @Nullable LowRankFactors factors;

    synchronized LowRankFactors get(Source source) throws IOException {
      LowRankFactors present = factors;
      if (present == null) {
        present = source.read();
        factors = present;
      }
      return present;
    }
  }

  private final Map<String, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);
  private final Map<String, Long> sizes = new LinkedHashMap<>();
  private long bytes;

  /** The factors of a module, decoded by {@code source} if they are not here. */
  LowRankFactors get(String module, Source source) throws IOException {
    Entry entry;
    synchronized (this) {
      entry = entries.computeIfAbsent(module, name -> new Entry());
    }
    LowRankFactors factors = entry.get(source);
    account(module, factors);
    return factors;
  }

  private synchronized void account(String module, LowRankFactors factors) {
    if (!entries.containsKey(module) || sizes.putIfAbsent(module, factors.sizeBytes()) != null) {
      return;
    }
    bytes += factors.sizeBytes();
    while (bytes > BUDGET_BYTES && entries.size() > 1) {
      String oldest = entries.keySet().iterator().next();
      entries.remove(oldest);
      Long size = sizes.remove(oldest);
      bytes -= size == null ? 0 : size;
    }
  }
}
