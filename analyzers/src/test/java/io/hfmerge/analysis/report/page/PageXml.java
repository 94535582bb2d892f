package io.hfmerge.analysis.report.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** Written pages and pictures as the XML that they are. */
final class PageXml {

  private PageXml() {}

  static Document parse(String xml) throws Exception {
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
    return factory
        .newDocumentBuilder()
        .parse(new ByteArrayInputStream(xml.getBytes(StandardCharsets.UTF_8)));
  }

  static List<Element> elements(Document document, String tag) {
    NodeList nodes = document.getElementsByTagName(tag);
    List<Element> elements = new ArrayList<>();
    for (int i = 0; i < nodes.getLength(); i++) {
      elements.add((Element) nodes.item(i));
    }
    return elements;
  }

  /**
   * That ids stand once, and that plots and tables have names for those who do not see them.
   *
   * @return the ids
   */
  static Set<String> assertNamed(Document document) {
    Set<String> ids = new HashSet<>();
    for (String tag : List.of("section", "figure", "title", "main")) {
      for (Element element : elements(document, tag)) {
        String id = element.getAttribute("id");
        assertThat(id.isEmpty() || ids.add(id)).as("id %s once", id).isTrue();
      }
    }
    for (Element svg : elements(document, "svg")) {
      if (svg.getAttribute("aria-hidden").isEmpty()) {
        assertThat(svg.getAttribute("role")).isEqualTo("img");
        assertThat(ids).contains(svg.getAttribute("aria-labelledby"));
      }
    }
    for (Element table : elements(document, "table")) {
      assertThat(table.getElementsByTagName("caption").getLength()).isOne();
    }
    return ids;
  }
}
