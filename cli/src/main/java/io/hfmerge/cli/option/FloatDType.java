package io.hfmerge.cli.option;

import io.hfmerge.tensor.DType;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A dtype that weights can be written in.
 *
 * @param value a float dtype
 */
public record FloatDType(DType value) {

  /** Reads PyTorch's names ({@code bfloat16}) and those of safetensors ({@code BF16}). */
  public static final class Converter implements ITypeConverter<FloatDType> {

    @Override
    public FloatDType convert(String name) {
      return DType.ofTorchName(name)
          .or(() -> DType.ofSafetensorsName(name.toUpperCase(Locale.ROOT)))
          .filter(DType::isFloat)
          .map(FloatDType::new)
          .orElseThrow(() ->
              new TypeConversionException(
                  "expected float32, bfloat16, float16 or float64, found \"" + name + '"'));
    }
  }
}
