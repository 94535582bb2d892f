package io.hfmerge.hf;

import io.hfmerge.error.UnresolvedReferenceException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a user writes for a model: {@code MODEL} or {@code BASE+ADAPTER}, where each part is a path
 * or whatever else a {@link ModelResolver} knows, with its {@code @revision} where it takes one.
 *
 * <p>A path at which something is stays a path, whatever characters it has: {@code /models/a+b} is
 * one model if that folder is there.
 *
 * @param model the model, or the base
 * @param adapter the adapter applied to it
 */
public record ModelReference(String model, Optional<String> adapter) {

  /**
   * Takes a reference apart.
   *
   * @throws UnresolvedReferenceException if it has several {@code +} and is not one base and one
   *     adapter for certain
   */
  public static ModelReference parse(String reference) {
    if (reference.indexOf('+') < 0 || LocalPath.exists(reference)) {
      return new ModelReference(reference, Optional.empty());
    }
    List<ModelReference> readings = new ArrayList<>();
    for (int plus = reference.indexOf('+'); plus >= 0; plus = reference.indexOf('+', plus + 1)) {
      String base = reference.substring(0, plus);
      String adapter = reference.substring(plus + 1);
      if (isOnePart(base) && isOnePart(adapter)) {
        readings.add(new ModelReference(base, Optional.of(adapter)));
      }
    }
    if (readings.size() == 1) {
      return readings.getFirst();
    }
    throw new UnresolvedReferenceException(
        "\"%s\": expected MODEL or BASE+ADAPTER, found %s; several adapters are first summed to one"
                .formatted(
                    reference,
                    readings.isEmpty()
                        ? "a '+' too many, or nothing beside one"
                        : readings.size() + " ways to read it")
            + " by 'hfmerge sum --lora'");
  }

  private static boolean isOnePart(String part) {
    return !part.isBlank() && (part.indexOf('+') < 0 || LocalPath.exists(part));
  }

  /** The references that this one is made of, the base first. */
  public List<String> parts() {
    return adapter.map(name -> List.of(model, name)).orElse(List.of(model));
  }
}
