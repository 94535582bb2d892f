package io.hfmerge.hf.arch;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds layer, projection and expert in the canonical names of one {@link LayerStack}. */
final class LayerNames {

  /** A number as models write it: no sign, no leading zero, within an int. */
  private static final String NUMBER = "(0|[1-9][0-9]{0,8})";

  private final LayerStack stack;
  private final Pattern layer;
  private final Map<String, Projection> byModule;
  private final List<ExpertModule> experts = new ArrayList<>();

  LayerNames(LayerStack stack) {
    this.stack = stack;
    this.layer = Pattern.compile(pattern(stack.template(), LayerStack.LAYER) + "(.+)");
    this.byModule = new LinkedHashMap<>(stack.byModule());
    for (Projection projection : stack.projections()) {
      if (projection.module().contains(Projection.EXPERT)) {
        String pattern = pattern(projection.module(), Projection.EXPERT);
        experts.add(new ExpertModule(Pattern.compile(pattern), projection));
        byModule.remove(projection.module());
      }
    }
  }

  /** The layer of a canonical name and the rest of the name. */
  Optional<InLayer> layer(String canonicalName) {
    Matcher matcher = layer.matcher(canonicalName);
    return matcher.matches()
        ? Optional.of(
            new InLayer(
                Integer.parseInt(matcher.group(1)),
                matcher.group(2),
                matcher.start(1),
                matcher.end(1)))
        : Optional.empty();
  }

  /** Whether some modules lie in one layer and belong to all of them. */
  boolean hasShared() {
    return !stack.shared().isEmpty();
  }

  /** Whether a tensor lies in one layer and belongs to all of them. */
  boolean isShared(InLayer place) {
    return stack.shared().stream().anyMatch(module -> place.rest().startsWith(module + '.'));
  }

  /** The projection that a name's rest after the layer belongs to. */
  Optional<Found> projection(InLayer place) {
    int dot = place.rest().lastIndexOf('.');
    if (dot < 0) {
      return Optional.empty();
    }
    String module = place.rest().substring(0, dot);
    String parameter = place.rest().substring(dot + 1);
    Projection exact = byModule.get(module);
    if (exact != null) {
      return Optional.of(new Found(exact, OptionalInt.empty(), parameter));
    }
    for (ExpertModule expert : experts) {
      Matcher matcher = expert.pattern().matcher(module);
      if (matcher.matches()) {
        OptionalInt number = OptionalInt.of(Integer.parseInt(matcher.group(1)));
        return Optional.of(new Found(expert.projection(), number, parameter));
      }
    }
    return Optional.empty();
  }

  /** The definition's word for another module of the layer. */
  Optional<String> word(InLayer place) {
    return stack.words().entrySet().stream()
        .filter(entry -> place.rest().startsWith(entry.getKey() + '.'))
        .map(Map.Entry::getValue)
        .findFirst();
  }

  private static String pattern(String template, String variable) {
    int place = template.indexOf(variable);
    return Pattern.quote(template.substring(0, place))
        + NUMBER
        + Pattern.quote(template.substring(place + variable.length()));
  }

  /**
   * A name split at its layer.
   *
   * @param start where the layer's number starts in the name
   * @param end where it ends
   */
  record InLayer(int layer, String rest, int start, int end) {}

  /** A name's projection, expert and parameter ({@code weight}, {@code bias}). */
  record Found(Projection projection, OptionalInt expert, String parameter) {}

  private record ExpertModule(Pattern pattern, Projection projection) {}
}
