package io.hfmerge.hf.output;

import io.hfmerge.error.HfMergeException;
import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.checklist.Finding;
import io.hfmerge.hf.checklist.ModelChecklist;
import io.hfmerge.hf.checklist.ModelTrial;
import io.hfmerge.hf.checklist.NonFiniteScan;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads a model folder again, once. Where it has a {@code hfmerge.json} it is compared with that:
 * every tensor by dtype, shape and checksum, every other file by size and checksum, that none is
 * missing and none was added. Files whose names begin with a dot, as version control and the Hub's
 * downloader leave them, are passed over. If nothing differs, or there is no manifest, the folder
 * goes through {@link ModelChecklist}, and if that finds nothing, through a {@link ModelTrial}.
 */
public final class ModelVerifier {

  private final Path folder;
  private final int threads;
  private final ProgressListener listener;
  private final List<Finding> findings = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  /** The folder as a model, or why it is none. */
  private record Opened(Optional<HfModel> model, String failure) implements AutoCloseable {

    static Opened of(Path folder) throws IOException {
      try {
        return new Opened(Optional.of(HfModels.open(folder.toString())), "");
      } catch (HfMergeException e) {
        return new Opened(Optional.empty(), String.valueOf(e.getMessage()));
      }
    }

    @Override
    public void close() throws IOException {
      if (model.isPresent()) {
        model.get().close();
      }
    }
  }

  private ModelVerifier(Path folder, int threads, ProgressListener listener) {
    this.folder = folder;
    this.threads = threads;
    this.listener = listener;
  }

  /**
   * Verifies a folder.
   *
   * @param folder one that a merge or a conversion wrote, or any other model folder
   * @param threads for reading, at least 1
   * @param sha256 whether the SHA-256 that the manifest may have are compared too
   * @param trial runs the model, if nothing else is wrong; empty to leave that out
   * @param listener hears of the bytes read
   * @throws MalformedCheckpointException if the folder has a malformed manifest
   * @throws IOException if a file cannot be read
   */
  public static Verification verify(
      Path folder,
      int threads,
      boolean sha256,
      Optional<ModelTrial> trial,
      ProgressListener listener)
      throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new IOException(folder + ": expected a folder, found none");
    }
    Optional<Manifest> manifest =
        Files.exists(folder.resolve(Manifest.FILE))
            ? Optional.of(Manifest.read(folder))
            : Optional.empty();
    long start = System.nanoTime();
    try (Opened opened = Opened.of(folder)) {
      ModelVerifier verifier = new ModelVerifier(folder, threads, listener);
      return manifest.isPresent()
          ? verifier.compare(manifest.get(), opened, sha256, trial, start)
          : verifier.checkAlone(opened, sha256, trial, start);
    }
  }

  private Verification checkAlone(
      Opened opened, boolean sha256, Optional<ModelTrial> trial, long start) throws IOException {
    notes.add(
        "there is no "
            + Manifest.FILE
            + " to compare checksums with"
            + (sha256 ? ", nor any SHA-256" : "")
            + ": hfmerge did not write this folder");
    List<TensorSpec> tensors = opened.model().map(ModelChecklist::measured).orElse(List.of());
    long bytes = tensors.stream().mapToLong(TensorSpec::sizeBytes).sum();
    listener.started("verifying", bytes);
    Map<TensorSpec, Long> nonFinite =
        opened.model().isPresent()
            ? NonFiniteScan.of(opened.model().get().checkpoint(), tensors, threads, listener)
            : Map.of();
    listener.finished();
    checkByItself(opened, nonFinite, trial);
    return new Verification(
        folder,
        false,
        tensors.size(),
        FolderFiles.list(folder).size(),
        bytes,
        System.nanoTime() - start,
        findings,
        notes);
  }

  private Verification compare(
      Manifest manifest, Opened opened, boolean sha256, Optional<ModelTrial> trial, long start)
      throws IOException {
    int tensors;
    long bytes;
    Map<TensorSpec, Long> nonFinite;
    try (ManifestComparison comparison =
        ManifestComparison.locate(folder, manifest, opened.model())) {
      tensors = comparison.tensors();
      bytes = comparison.bytesToRead() + (sha256 ? comparison.bytesToHash() : 0);
      listener.started("verifying", bytes);
      nonFinite = comparison.compareChecksums(threads, listener);
      if (sha256) {
        comparison.compareSha256(threads, listener);
      }
      if (opened.model().isEmpty()) {
        comparison.compareIndex();
      }
      listener.finished();
      findings.addAll(comparison.findings());
      notes.addAll(comparison.notes());
    }
    if (findings.isEmpty()) {
      checkByItself(opened, nonFinite, trial);
    } else {
      notes.add("whether it is complete by itself was not checked");
    }
    noteInputs(manifest);
    return new Verification(
        folder,
        true,
        tensors,
        manifest.files().size(),
        bytes,
        System.nanoTime() - start,
        findings,
        notes);
  }

  private void checkByItself(
      Opened opened, Map<TensorSpec, Long> nonFinite, Optional<ModelTrial> trial)
      throws IOException {
    if (opened.model().isEmpty()) {
      findings.add(new Finding(folder.toString(), "a model that opens", opened.failure()));
      return;
    }
    HfModel model = opened.model().get();
    ModelChecklist.Result result = ModelChecklist.check(model, nonFinite);
    findings.addAll(result.findings());
    notes.addAll(result.notes());
    if (trial.isEmpty()) {
      return;
    }
    if (findings.isEmpty()) {
      ModelTrial.Outcome outcome = trial.get().run(model);
      findings.addAll(outcome.findings());
      notes.addAll(outcome.notes());
    } else {
      notes.add("the model was not run, since something else is wrong already");
    }
  }

  private void noteInputs(Manifest manifest) {
    for (InputIdentity input : manifest.inputs()) {
      long absent = input.files().stream().filter(file -> !Files.exists(file.path())).count();
      if (absent > 0) {
        notes.add("input " + input.reference() + " is not there any more");
      } else {
        input
            .files()
            .forEach(file ->
                file.change()
                    .ifPresent(change ->
                        notes.add("input " + input.reference() + " has changed: " + change)));
      }
    }
  }
}
