package io.hfmerge.hf;

import io.hfmerge.tensor.Checkpoint;
import java.io.IOException;
import java.util.List;

/** Weights that stay on another machine and are read from there. */
public interface RemoteWeights {

  /**
   * Opens them: reads headers.
   *
   * @param id how the checkpoint is called in messages
   * @throws io.hfmerge.error.MalformedCheckpointException if a file breaks its format's rules
   * @throws IOException if they cannot be read
   */
  Checkpoint open(String id) throws IOException;

  /** What the server says of the files. */
  List<RemoteFile> files();
}
