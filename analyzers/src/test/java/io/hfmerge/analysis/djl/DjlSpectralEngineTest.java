package io.hfmerge.analysis.djl;

import io.hfmerge.analysis.spectral.SpectralEngine;
import io.hfmerge.analysis.spectral.SpectralEngineContract;

/** The DJL engine on DJL's CPU device. */
class DjlSpectralEngineTest extends SpectralEngineContract {

  @Override
  protected SpectralEngine create() {
    return DjlSpectralEngine.onCpu();
  }
}
