package io.hfmerge.hf.arch;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Finds layer, projection and expert in the canonical names of one {@link LayerStack}. */
final class LayerNames {

  private final LayerStack stack;
  private final NumberedName layer;
  private final Map<String, Projection> byModule;
  private final List<ExpertModule> experts = new ArrayList<>();

  LayerNames(LayerStack stack) {
    this.stack = stack;
    this.layer = NumberedName.of(stack.template(), LayerStack.LAYER);
    this.byModule = new LinkedHashMap<>(stack.byModule());
    for (Projection projection : stack.projections()) {
      if (projection.module().contains(Projection.EXPERT)) {
        NumberedName module = NumberedName.of(projection.module(), Projection.EXPERT);
        experts.add(new ExpertModule(module, projection));
        byModule.remove(projection.module());
      }
    }
  }

  /** The layer of a canonical name and the rest of the name. */
  Optional<InLayer> layer(String canonicalName) {
    int end = layer.numberEnd(canonicalName);
    int rest = end + layer.after().length();
    if (end < 0 || rest >= canonicalName.length()) {
      return Optional.empty();
    }
    int start = layer.numberStart();
    int number = Integer.parseInt(canonicalName, start, end, 10);
    return Optional.of(new InLayer(number, canonicalName, start, end, rest));
  }

  /** Whether some modules lie in one layer and belong to all of them. */
  boolean hasShared() {
    return !stack.shared().isEmpty();
  }

  /** Whether a tensor lies in one layer and belongs to all of them. */
  boolean isShared(InLayer place) {
    return stack.shared().stream().anyMatch(place::isIn);
  }

  /** The projection that a name's rest after the layer belongs to. */
  Optional<Found> projection(InLayer place) {
    String name = place.name();
    int dot = name.lastIndexOf('.');
    if (dot < place.rest()) {
      return Optional.empty();
    }
    String module = name.substring(place.rest(), dot);
    String parameter = name.substring(dot + 1);
    Projection exact = byModule.get(module);
    if (exact != null) {
      return Optional.of(new Found(exact, OptionalInt.empty(), parameter));
    }
    for (ExpertModule expert : experts) {
      int end = expert.module().numberEnd(module);
      if (end >= 0 && end + expert.module().after().length() == module.length()) {
        int number = Integer.parseInt(module, expert.module().numberStart(), end, 10);
        return Optional.of(new Found(expert.projection(), OptionalInt.of(number), parameter));
      }
    }
    return Optional.empty();
  }

  /** The definition's word for another module of the layer. */
  Optional<String> word(InLayer place) {
    return stack.words().entrySet().stream()
        .filter(entry -> place.isIn(entry.getKey()))
        .map(Map.Entry::getValue)
        .findFirst();
  }

  /**
   * Names with a number within them, as models write it: no sign, no leading zero, within an int.
   * Checkpoints have tens of thousands of names, for which regular expressions take long.
   *
   * @param before what stands in front of the number
   * @param after what follows it
   */
  private record NumberedName(String before, String after) {

    private static final int MAX_DIGITS = 9;

    static NumberedName of(String template, String variable) {
      int place = template.indexOf(variable);
      return new NumberedName(
          template.substring(0, place), template.substring(place + variable.length()));
    }

    int numberStart() {
      return before.length();
    }

    /** Where the number of a name that begins like this ends, or -1. */
    int numberEnd(String name) {
      if (!name.startsWith(before)) {
        return -1;
      }
      int start = before.length();
      int end = start;
      while (end < name.length() && name.charAt(end) >= '0' && name.charAt(end) <= '9') {
        end++;
      }
      int digits = end - start;
      boolean written =
          digits == 1 || (digits > 1 && digits <= MAX_DIGITS && name.charAt(start) != '0');
      return written && name.startsWith(after, end) ? end : -1;
    }
  }

  /**
   * A name split at its layer.
   *
   * @param name canonical
   * @param start where the layer's number starts in the name
   * @param end where it ends
   * @param rest where what follows the layer starts
   */
  record InLayer(int layer, String name, int start, int end, int rest) {

    boolean isIn(String module) {
      int behind = rest + module.length();
      return name.startsWith(module, rest) && behind < name.length() && name.charAt(behind) == '.';
    }
  }

  /** A name's projection, expert and parameter ({@code weight}, {@code bias}). */
  record Found(Projection projection, OptionalInt expert, String parameter) {}

  private record ExpertModule(NumberedName module, Projection projection) {}
}
