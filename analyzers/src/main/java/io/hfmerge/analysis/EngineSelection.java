package io.hfmerge.analysis;

import io.hfmerge.analysis.djl.DjlSpectralEngine;
import io.hfmerge.analysis.djl.NvidiaDriver;
import io.hfmerge.analysis.spectral.CpuSpectralEngine;
import io.hfmerge.analysis.spectral.SpectralEngine;
import io.hfmerge.error.UnsupportedFeatureException;
import java.util.Optional;

/** Opens the engine that a request asks for; DJL starts only if a CUDA device may be there. */
final class EngineSelection {

  /** Share of the Java heap that matrices of one call, over all threads, may take. */
  private static final int HEAP_SHARE = 3;

  private EngineSelection() {}

  static SpectralEngine open(AnalysisRequest request) {
    return switch (request.device()) {
      case CPU -> cpu(request);
      case AUTO -> cuda().orElseGet(() -> cpu(request));
      case CUDA ->
          cuda()
              .orElseThrow(() ->
                  new UnsupportedFeatureException(
                      "no CUDA device: expected an NVIDIA driver and DJL's PyTorch natives for"
                          + " CUDA, found none; use the device cpu"));
    };
  }

  private static SpectralEngine cpu(AnalysisRequest request) {
    long floats = Runtime.getRuntime().maxMemory() / Float.BYTES;
    return new CpuSpectralEngine(floats / HEAP_SHARE / request.threads());
  }

  private static Optional<SpectralEngine> cuda() {
    return NvidiaDriver.present() ? DjlSpectralEngine.onCuda().map(e -> e) : Optional.empty();
  }
}
