package io.hfmerge.hf.djl.block;

/**
 * How the frequencies of rotary positions are stretched for sequences longer than those of the
 * first training. Frequencies are {@code θ^(−2i/r)}, i = 0 … r/2−1.
 */
public sealed interface RotaryScaling {

  /** The scaled frequencies. */
  double[] apply(double[] frequencies);

  /** Factor of cosines and sines. */
  default double amplitude() {
    return 1;
  }

  /** No scaling; also dynamic NTK, which changes nothing within the model's limit. */
  record Plain() implements RotaryScaling {
    @Override
    public double[] apply(double[] frequencies) {
      return frequencies.clone();
    }
  }

  /**
   * Position interpolation: every frequency divided by the factor.
   *
   * <p>Source: Chen et al. 2023, arXiv:2306.15595.
   */
  record Linear(double factor) implements RotaryScaling {
    @Override
    public double[] apply(double[] frequencies) {
      double[] scaled = frequencies.clone();
      for (int i = 0; i < scaled.length; i++) {
        scaled[i] /= factor;
      }
      return scaled;
    }
  }

  /**
   * LLaMA 3.1's: wavelengths {@code w} beyond {@code original / low} are stretched by the factor,
   * those below {@code original / high} are kept, and between the two the frequency is
   * interpolated.
   *
   * @param original length of sequences before the extension
   */
  record Llama3(double factor, double low, double high, double original) implements RotaryScaling {
    @Override
    public double[] apply(double[] frequencies) {
      double[] scaled = frequencies.clone();
      for (int i = 0; i < scaled.length; i++) {
        double wavelength = 2 * Math.PI / scaled[i];
        if (wavelength > original / low) {
          scaled[i] /= factor;
        } else if (wavelength >= original / high) {
          double share = (original / wavelength - low) / (high - low);
          scaled[i] *= (1 - share) / factor + share;
        }
      }
      return scaled;
    }
  }

  /**
   * YaRN: frequencies that turn more than {@code fast} times within the original length are kept,
   * those below {@code slow} turns are divided by the factor, with a ramp between.
   *
   * <p>Source: Peng et al. 2023, arXiv:2309.00071, section 3.2; bounds of the ramp are rounded
   * outwards, as the published models were trained.
   *
   * @param original length of sequences before the extension
   * @param base θ
   * @param amplitude factor of cosines and sines, {@code 0.1 ln(factor) + 1} unless a config says
   */
  record Yarn(
      double factor, double fast, double slow, double original, double base, double amplitude)
      implements RotaryScaling {
    @Override
    public double[] apply(double[] frequencies) {
      int width = 2 * frequencies.length;
      double low = Math.max(Math.floor(dimension(fast, width)), 0);
      double high = Math.min(Math.ceil(dimension(slow, width)), width - 1);
      double span = high == low ? 0.001 : high - low;
      double[] scaled = frequencies.clone();
      for (int i = 0; i < scaled.length; i++) {
        double stretched = Math.clamp((i - low) / span, 0, 1);
        scaled[i] *= stretched / factor + (1 - stretched);
      }
      return scaled;
    }

    /** Index of the frequency that turns so many times within the original length. */
    private double dimension(double turns, int width) {
      return width * Math.log(original / (turns * 2 * Math.PI)) / (2 * Math.log(base));
    }
  }
}
