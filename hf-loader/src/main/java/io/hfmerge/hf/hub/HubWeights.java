package io.hfmerge.hf.hub;

import io.hfmerge.hf.OpenOptions;
import io.hfmerge.hf.RemoteFile;
import io.hfmerge.hf.RemoteWeights;
import io.hfmerge.hf.files.ByteSource;
import io.hfmerge.hf.safetensors.RangedCheckpoint;
import io.hfmerge.hf.torchbin.RangedTorchCheckpoint;
import io.hfmerge.tensor.Checkpoint;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Weights that stay on the Hub and are read by ranges of bytes.
 *
 * @param commit of the repository
 * @param weights files of one format, by name
 * @param index on this machine, where there are several
 * @param torch whether they are PyTorch's, else they are safetensors
 */
record HubWeights(
    HubConnector connector,
    OpenOptions options,
    HubReference reference,
    String commit,
    List<HubFile> weights,
    Optional<Path> index,
    boolean torch)
    implements RemoteWeights {

  HubWeights {
    weights = List.copyOf(weights);
  }

  @Override
  public Checkpoint open(String id) throws IOException {
    RangeCache cache = new RangeCache(connector.connect(options));
    HubClient client = cache.client();
    List<ByteSource> ranged = new ArrayList<>();
    for (HubFile file : weights) {
      ranged.add(new StreamedFile(new RangeSource(client, reference, commit, file), cache));
    }
    return torch
        ? RangedTorchCheckpoint.open(id, ranged, index, cache, RangeCache.memoryBytes())
        : RangedCheckpoint.open(id, ranged, index, cache, RangeCache.memoryBytes());
  }

  @Override
  public List<RemoteFile> files() {
    List<RemoteFile> files = new ArrayList<>();
    for (HubFile file : weights) {
      files.add(new RemoteFile(address(file).toString(), file.sizeBytes(), commit, file.sha256()));
    }
    return files;
  }

  private URI address(HubFile file) {
    return HubApi.content(connector.settings(), reference, commit, file);
  }
}
