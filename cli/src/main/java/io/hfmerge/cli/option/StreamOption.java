package io.hfmerge.cli.option;

import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.OpenOptions;
import io.hfmerge.progress.ProgressListener;
import picocli.CommandLine.Option;

/** Whether models on the Hub are downloaded or read from there. */
public final class StreamOption {

  @Option(
      names = "--stream",
      description =
          "Read weights of models on the Hub over the network as they are needed, instead of"
              + " downloading them into the cache; only small files are kept.")
  private boolean stream;

  /** What opens models as asked for, and tells of downloads. */
  public HfModels models(ProgressListener listener) {
    return models(listener, false);
  }

  HfModels models(ProgressListener listener, boolean headersOnly) {
    return HfModels.load()
        .with(OpenOptions.DEFAULT.withListener(listener).withStream(stream || headersOnly));
  }
}
