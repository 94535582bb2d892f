package io.hfmerge.hf.output;

import io.hfmerge.engine.MergeJournal;
import io.hfmerge.error.InputChangedException;
import io.hfmerge.error.UnfinishedMergeException;
import io.hfmerge.hf.safetensors.SafetensorsWriter;
import io.hfmerge.progress.ProgressListener;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * One output of a merge while it grows: workspace, writer and journal, begun anew or continued.
 * Owns them until closed. Unpublished, it leaves its workspace behind for {@code --resume} once
 * about a megabyte of tensors was complete, and nothing before.
 */
final class ResumableOutput implements AutoCloseable {

  private static final int MAX_DIFFERENCES = 20;

  private final MergeWorkspace workspace;
  private final SafetensorsWriter writer;
  private final JournalFile journalFile;
  private final MergeJournal journal;
  private final boolean replace;
  private final long missingBytes;

  private ResumableOutput(
      MergeWorkspace workspace,
      SafetensorsWriter writer,
      JournalFile journalFile,
      MergeJournal journal,
      boolean replace,
      long missingBytes) {
    this.workspace = workspace;
    this.writer = writer;
    this.journalFile = journalFile;
    this.journal = journal;
    this.replace = replace;
    this.missingBytes = missingBytes;
  }

  /**
   * Begins an output, or continues one.
   *
   * @param target absolute, checked
   * @param layout what will be written
   * @param identity what an unfinished merge must have been begun with to be continued
   * @param watch told of the work
   * @param listener hears what is done with an unfinished merge
   * @throws UnfinishedMergeException if an unfinished merge is to be continued that was begun with
   *     something else, which is left as it is, or another process is at work
   * @throws IOException if a file cannot be written
   */
  static ResumableOutput open(
      Path target,
      List<TensorSpec> layout,
      RunIdentity identity,
      InputWatch watch,
      MergeSettings settings,
      ProgressListener listener)
      throws IOException {
    MergeWorkspace workspace = MergeWorkspace.open(target, listener);
    try {
      Optional<JournalFile.Contents> begun = begun(workspace, identity, settings, listener);
      if (begun.isEmpty()) {
        workspace.clear();
        Files.createDirectory(workspace.model());
      } else {
        workspace.keep();
        deleteAllButWeights(workspace.model(), layout, settings.maxShardBytes());
      }
      SafetensorsWriter writer =
          SafetensorsWriter.reopen(workspace.model(), layout, settings.maxShardBytes());
      try {
        Map<String, JournalFile.Entry> entries =
            begun.map(JournalFile.Contents::entries).orElse(Map.of());
        Set<String> restored = restore(writer, entries, layout, settings, listener);
        long missing =
            layout.stream()
                .filter(tensor -> !restored.contains(tensor.name()))
                .mapToLong(TensorSpec::sizeBytes)
                .sum();
        JournalFile file =
            begun.isPresent()
                ? JournalFile.append(workspace.journal(), begun.get())
                : JournalFile.create(workspace.journal(), identity);
        return new ResumableOutput(
            workspace,
            writer,
            file,
            new OutputJournal(workspace, file, writer, watch, entries, restored),
            settings.replace(),
            missing);
      } catch (IOException | RuntimeException | Error e) {
        writer.close();
        throw e;
      }
    } catch (IOException | RuntimeException | Error e) {
      workspace.close();
      throw e;
    }
  }

  /** The unfinished merge to continue, if there is one and that is wanted. */
  private static Optional<JournalFile.Contents> begun(
      MergeWorkspace workspace,
      RunIdentity identity,
      MergeSettings settings,
      ProgressListener listener)
      throws IOException {
    if (!workspace.holdsWork()) {
      if (settings.resume()) {
        listener.notice("there is no unfinished merge to continue; merging from the beginning");
      }
      return Optional.empty();
    }
    if (!settings.resume()) {
      listener.notice(
          "deleted the unfinished merge in "
              + workspace.folder()
              + "; with --resume it would have been continued");
      return Optional.empty();
    }
    Optional<JournalFile.Contents> contents = JournalFile.read(workspace.journal());
    if (contents.isEmpty()) {
      listener.notice(
          "the unfinished merge in "
              + workspace.folder()
              + " has no readable journal; merging from the beginning");
      return Optional.empty();
    }
    List<String> differences = identity.differencesFrom(contents.get().identity());
    if (!differences.isEmpty()) {
      workspace.keep();
      int named = Math.min(MAX_DIFFERENCES, differences.size());
      throw new UnfinishedMergeException(
          workspace.folder()
              + ": expected an unfinished merge of the same recipe and inputs, found one\n  "
              + String.join("\n  ", differences.subList(0, named))
              + (named < differences.size()
                  ? "\n  and " + (differences.size() - named) + " more"
                  : "")
              + "\nwithout --resume it is deleted, and the merge begins anew");
    }
    return contents;
  }

  private static Set<String> restore(
      SafetensorsWriter writer,
      Map<String, JournalFile.Entry> entries,
      List<TensorSpec> layout,
      MergeSettings settings,
      ProgressListener listener)
      throws IOException {
    if (entries.isEmpty()) {
      return Set.of();
    }
    Map<String, Integer> checksums = new LinkedHashMap<>();
    for (TensorSpec tensor : layout) {
      JournalFile.Entry entry = entries.get(tensor.name());
      if (entry != null) {
        checksums.put(tensor.name(), entry.checksum());
      }
    }
    Set<String> restored = writer.restore(checksums, settings.engine().threads(), listener);
    listener.notice(
        String.format(
            Locale.ROOT,
            "continuing: %,d of %,d tensors are complete%s",
            restored.size(),
            layout.size(),
            restored.size() == checksums.size()
                ? ""
                : String.format(
                    Locale.ROOT,
                    "; %,d more were written, but do not have their checksums any more",
                    checksums.size() - restored.size())));
    return restored;
  }

  /** What comes after the weights is made again: it may have been cut short. */
  private static void deleteAllButWeights(Path folder, List<TensorSpec> layout, long maxShardBytes)
      throws IOException {
    Set<String> weights = SafetensorsWriter.fileNames(layout, maxShardBytes);
    try (Stream<Path> children = Files.list(folder)) {
      for (Path child : children.toList()) {
        if (!weights.contains(child.getFileName().toString())) {
          StagedFolder.delete(child);
        }
      }
    }
  }

  /**
   * Checks the disk, which all outputs of a run share.
   *
   * @throws IOException if what is missing does not fit
   */
  static void requireSpace(List<ResumableOutput> outputs) throws IOException {
    DiskSpace.require(
        outputs.getFirst().workspace.folder(),
        outputs.stream().mapToLong(output -> output.missingBytes).sum(),
        outputs.size());
  }

  SafetensorsWriter writer() {
    return writer;
  }

  MergeJournal journal() {
    return journal;
  }

  /** Where everything beside the weights goes. */
  Path folder() {
    return workspace.model();
  }

  /** Forces the folder to the disk and renames it to the target. All files in it are closed. */
  void publish() throws IOException {
    writer.close();
    journalFile.close();
    workspace.publish(replace);
    workspace.discard();
  }

  /**
   * The merge has failed.
   *
   * @return what to do with the part that is kept; empty if nothing is
   */
  Optional<String> failed(Throwable failure) {
    if (failure instanceof InputChangedException) {
      workspace.discard();
    }
    if (!workspace.isKept()) {
      return Optional.empty();
    }
    try {
      journalFile.flush();
    } catch (IOException e) {
      // the last small tensors are merged again; the failure that led here is the one to tell
      failure.addSuppressed(e);
    }
    return Optional.of(workspace.advice());
  }

  @Override
  public void close() throws IOException {
    try (workspace;
        writer;
        journalFile) {
      // closed from the last to the first
    }
  }
}
