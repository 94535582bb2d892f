package io.hfmerge.hf.output;

import io.hfmerge.engine.MergeJournal;
import io.hfmerge.engine.TensorFindings;
import io.hfmerge.hf.safetensors.SafetensorsWriter;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Notes complete tensors with their checksums in the journal of a workspace, and lets the watch
 * look at the inputs as the work goes on.
 */
final class OutputJournal implements MergeJournal {

  private final MergeWorkspace workspace;
  private final JournalFile file;
  private final SafetensorsWriter writer;
  private final InputWatch watch;
  private final Map<String, JournalFile.Entry> earlier;
  private final Set<String> restored;

  /**
   * @param earlier what the file already says
   * @param restored of that, what is really there
   */
  OutputJournal(
      MergeWorkspace workspace,
      JournalFile file,
      SafetensorsWriter writer,
      InputWatch watch,
      Map<String, JournalFile.Entry> earlier,
      Set<String> restored) {
    this.workspace = workspace;
    this.file = file;
    this.writer = writer;
    this.watch = watch;
    this.earlier = Map.copyOf(earlier);
    this.restored = Set.copyOf(restored);
  }

  @Override
  public boolean isComplete(String tensor) {
    return restored.contains(tensor);
  }

  @Override
  public List<TensorFindings> findings() {
    return earlier.values().stream()
        .map(JournalFile.Entry::findings)
        .filter(found -> restored.contains(found.tensor()))
        .toList();
  }

  @Override
  public void completed(TensorSpec tensor, TensorFindings findings) throws IOException {
    String name = tensor.name();
    JournalFile.Entry entry = new JournalFile.Entry(writer.checksum(name), findings);
    if (file.add(entry, tensor.sizeBytes())) {
      workspace.keep();
    }
    watch.worked(tensor.sizeBytes());
  }
}
