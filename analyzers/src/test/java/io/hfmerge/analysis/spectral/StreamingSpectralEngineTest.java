package io.hfmerge.analysis.spectral;

/** The CPU engine without memory for a matrix: decoded anew at every pass. */
class StreamingSpectralEngineTest extends SpectralEngineContract {

  @Override
  protected SpectralEngine create() {
    return new CpuSpectralEngine(0);
  }
}
