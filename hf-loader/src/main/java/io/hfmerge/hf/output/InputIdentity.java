package io.hfmerge.hf.output;

import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.ModelLocation;
import io.hfmerge.hf.RemoteFile;
import io.hfmerge.hf.lora.AdapterConfig;
import io.hfmerge.hf.vocab.OutputTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * By what an input of a merge is known again.
 *
 * @param reference as in the recipe
 * @param revision commit or version, where the source has one
 * @param files what a merge reads of it on this machine: weights, config, vocabulary, adapter
 * @param remote weights that it reads from another machine, where their commit keeps them as they
 *     are
 */
record InputIdentity(
    String reference,
    Optional<String> revision,
    List<FileIdentity> files,
    List<RemoteFile> remote) {

  private static final String CONFIG_FILE = "config.json";

  InputIdentity {
    files = List.copyOf(files);
    remote = List.copyOf(remote);
  }

  /** An open model as its files are now. */
  static InputIdentity of(HfModel model) throws IOException {
    List<FileIdentity> files = new ArrayList<>();
    for (Path file : model.checkpoint().files()) {
      files.add(FileIdentity.of(file));
    }
    Path folder = model.location().folder();
    if (model.config().isPresent()) {
      files.add(FileIdentity.of(folder.resolve(CONFIG_FILE)));
    }
    for (ModelLocation location : model.locations()) {
      Path adapterConfig = location.folder().resolve(AdapterConfig.FILE);
      if (!location.equals(model.location()) && Files.exists(adapterConfig)) {
        files.add(FileIdentity.of(adapterConfig));
      }
    }
    for (Path file : OutputTokenizer.vocabularyFiles(folder)) {
      files.add(FileIdentity.of(file));
    }
    Optional<String> commit =
        files.stream().flatMap(file -> file.hub().stream()).map(HubOrigin::commit).findFirst();
    List<RemoteFile> remote =
        model.locations().stream()
            .flatMap(location -> location.remote().stream())
            .flatMap(weights -> weights.files().stream())
            .toList();
    return new InputIdentity(
        model.reference(), model.location().revision().or(() -> commit), files, remote);
  }

  /** A line for each file, which differs whenever the file may be another. */
  Stream<String> fingerprints() {
    return Stream.concat(
        files.stream().map(FileIdentity::fingerprint),
        remote.stream()
            .map(file ->
                file.address()
                    + " of "
                    + file.sizeBytes()
                    + " bytes"
                    + file.sha256().map(hash -> ", SHA-256 " + hash).orElse("")));
  }
}
