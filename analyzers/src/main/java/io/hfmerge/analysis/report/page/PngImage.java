package io.hfmerge.analysis.report.page;

import com.github.weisj.jsvg.SVGDocument;
import com.github.weisj.jsvg.parser.DocumentLimits;
import com.github.weisj.jsvg.parser.LoaderContext;
import com.github.weisj.jsvg.parser.SVGLoader;
import com.github.weisj.jsvg.view.FloatSize;
import io.hfmerge.analysis.report.svg.Figure;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import javax.imageio.ImageIO;

/** Our own SVG as pixels, two for each unit of length. */
final class PngImage {

  /** Java knows generic families by names of its own. */
  private static final String JAVA_FONT = "font-family=\"SansSerif\"";

  private static final double SCALE = 2;

  /** 160 MB of pixels; larger figures get one pixel for each unit. */
  private static final double MOST_PIXELS = 40e6;

  /**
   * The library's limits are for files of strangers; a scatter of heads has thousands of points.
   */
  private static final DocumentLimits NO_LIMIT_OF_PATHS =
      new DocumentLimits(
          DocumentLimits.DEFAULT.maxNestingDepth(),
          DocumentLimits.DEFAULT.maxUseNestingDepth(),
          Integer.MAX_VALUE);

  private PngImage() {}

  /**
   * Renders a file of {@link io.hfmerge.analysis.report.svg.Figure}.
   *
   * @throws IOException if this machine's Java cannot draw text, for want of fonts
   */
  static byte[] of(String svg) throws IOException {
    SVGDocument document =
        new SVGLoader()
            .load(
                new ByteArrayInputStream(
                    svg.replace(Figure.FONTS, JAVA_FONT).getBytes(StandardCharsets.UTF_8)),
                null,
                LoaderContext.builder().documentLimits(NO_LIMIT_OF_PATHS).build());
    if (document == null) {
      throw new IllegalStateException("our own SVG does not parse");
    }
    FloatSize size = document.size();
    double scale = size.width * size.height * SCALE * SCALE <= MOST_PIXELS ? SCALE : 1;
    BufferedImage image =
        new BufferedImage(
            (int) Math.ceil(size.width * scale),
            (int) Math.ceil(size.height * scale),
            BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    try {
      graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
      graphics.setRenderingHint(
          RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
      graphics.setRenderingHint(
          RenderingHints.KEY_FRACTIONALMETRICS, RenderingHints.VALUE_FRACTIONALMETRICS_ON);
      graphics.scale(scale, scale);
      document.render(null, graphics);
    } catch (LinkageError | RuntimeException e) {
      throw new IOException(
          "PNG files need fonts, and Java finds none on this machine (fontconfig and a font such"
              + " as DejaVu); the SVG files need none",
          e);
    } finally {
      graphics.dispose();
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.setUseCache(false);
    ImageIO.write(image, "png", bytes);
    return bytes.toByteArray();
  }
}
