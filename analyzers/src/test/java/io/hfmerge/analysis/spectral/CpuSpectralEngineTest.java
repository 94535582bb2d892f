package io.hfmerge.analysis.spectral;

/** The CPU engine, matrices kept in memory. */
class CpuSpectralEngineTest extends SpectralEngineContract {

  @Override
  protected SpectralEngine create() {
    return new CpuSpectralEngine(1L << 24);
  }
}
