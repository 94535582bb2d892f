package io.hfmerge.examples.readme;

import io.hfmerge.hf.HfModel;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.OpenOptions;
import io.hfmerge.progress.ProgressListener;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;

/** A model of the Hub, read over the network. */
public final class HubSample {

  private HubSample() {}

  /** Number of tensors of GPT-2. */
  public static int tensors(ProgressListener progress, AtomicBoolean stop) throws IOException {
    // [begin README hub]
    OpenOptions options =
        OpenOptions.DEFAULT.withListener(progress).withCancellation(stop::get).withStream(true);
    try (HfModel model = HfModels.open("openai-community/gpt2@main", options)) {
      return model.checkpoint().tensors().size();
    }
    // [end README hub]
  }
}
