package io.hfmerge.cli.option;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A size as the Hub's tools write it.
 *
 * @param bytes positive number of bytes
 */
public record ByteSize(long bytes) {

  private static final Pattern TEXT =
      Pattern.compile("([0-9]+(?:\\.[0-9]+)?) *(|B|KB|MB|GB|TB|KIB|MIB|GIB|TIB)");

  private static final Map<String, Long> UNITS =
      Map.of(
          "",
          1L,
          "B",
          1L,
          "KB",
          1_000L,
          "MB",
          1_000_000L,
          "GB",
          1_000_000_000L,
          "TB",
          1_000_000_000_000L,
          "KIB",
          1L << 10,
          "MIB",
          1L << 20,
          "GIB",
          1L << 30,
          "TIB",
          1L << 40);

  /** Reads {@code 5GB} (decimal), {@code 512MiB} (binary) or plain bytes. */
  public static final class Converter implements ITypeConverter<ByteSize> {

    @Override
    public ByteSize convert(String value) {
      Matcher matcher = TEXT.matcher(value.trim().toUpperCase(Locale.ROOT));
      if (matcher.matches()) {
        try {
          long bytes =
              new BigDecimal(matcher.group(1))
                  .multiply(BigDecimal.valueOf(UNITS.getOrDefault(matcher.group(2), 1L)))
                  .toBigInteger()
                  .longValueExact();
          if (bytes > 0) {
            return new ByteSize(bytes);
          }
        } catch (ArithmeticException e) {
          throw new TypeConversionException("expected a size below 8 EB, found '" + value + "'");
        }
      }
      throw new TypeConversionException(
          "expected a size such as 5GB, 512MiB or 1000000, found '" + value + "'");
    }
  }
}
