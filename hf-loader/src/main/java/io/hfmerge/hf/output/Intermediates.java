package io.hfmerge.hf.output;

import io.hfmerge.engine.ComputedCheckpoint;
import io.hfmerge.engine.MergeOptions;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.plan.MergePlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Results of recipes that others build on: models whose weights are computed when they are read,
 * and whose config and companion files lie in a folder that is deleted in the end.
 */
final class Intermediates implements AutoCloseable {

  /** Writes what lies beside the weights. */
  interface Companions {

    /**
     * Writes.
     *
     * @param notes gets what there is to know, a line each
     */
    void write(Path folder, List<String> notes) throws IOException;
  }

  private final HfModels models;
  private final MergeOptions options;
  private final Map<String, ComputedCheckpoint> computed = new LinkedHashMap<>();
  private final List<String> notes = new ArrayList<>();
  private @Nullable StagedFolder folder;

  /**
   * @param options of the run that reads the results
   * @param count how many results there will be; together they get half of the run's memory
   */
  Intermediates(HfModels models, MergeOptions options, int count) {
    this.models = models;
    this.options = options.withMemory(Math.max(1, options.memoryBytes() / 2 / Math.max(1, count)));
  }

  /** The result of a plan as a model, which is the caller's to close. */
  HfModel add(String name, MergePlan plan, Companions companions) throws IOException {
    Path place = Files.createDirectory(folder().resolve(name));
    List<String> found = new ArrayList<>(plan.notes());
    companions.write(place, found);
    found.forEach(note -> notes.add(name + ": " + note));
    ComputedCheckpoint checkpoint = new ComputedCheckpoint(name, plan, options);
    computed.put(name, checkpoint);
    return models.assemble(name, place, checkpoint);
  }

  private Path folder() throws IOException {
    StagedFolder open = folder;
    if (open == null) {
      Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
      open = StagedFolder.create(temporary.resolve("recipes-" + UUID.randomUUID()), false);
      folder = open;
    }
    return open.path();
  }

  /** What was decided about the results that the recipes do not say, a line each. */
  List<String> notes() {
    return List.copyOf(notes);
  }

  /** What was found while the results were read, a line each. */
  List<String> findings() {
    List<String> findings = new ArrayList<>();
    computed.forEach((name, result) -> {
      List<String> tensors = result.overflows();
      if (!tensors.isEmpty()) {
        findings.add(
            name
                + ": values became NaN or infinite though their inputs are finite, in "
                + String.join(", ", tensors));
      }
    });
    return findings;
  }

  /** Bytes read for the results, a line each. */
  List<String> readings() {
    List<String> readings = new ArrayList<>();
    computed.forEach((name, result) ->
        readings.add(
            String.format(
                Locale.ROOT,
                "%s: computed when it was read; %,d bytes read for it",
                name,
                result.bytesRead())));
    return readings;
  }

  /** The plans, by name. */
  Map<String, MergePlan> plans() {
    Map<String, MergePlan> plans = new LinkedHashMap<>();
    computed.forEach((name, result) -> plans.put(name, result.plan()));
    return plans;
  }

  @Override
  public void close() throws IOException {
    computed.values().forEach(ComputedCheckpoint::close);
    if (folder != null) {
      folder.close();
    }
  }
}
