package io.hfmerge.cli;

import io.hfmerge.error.AccessRefusedException;
import io.hfmerge.error.HfMergeException;
import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.error.InputChangedException;
import io.hfmerge.error.InvalidRecipeException;
import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.MalformedReportException;
import io.hfmerge.error.MemoryBudgetException;
import io.hfmerge.error.NonFiniteOutputException;
import io.hfmerge.error.OutputExistsException;
import io.hfmerge.error.UnfinishedMergeException;
import io.hfmerge.error.UnresolvedReferenceException;
import io.hfmerge.error.UnsupportedFeatureException;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.CancellationException;

/** What the process returns. The numbers are part of the interface and do not change. */
public enum ExitCode {
  OK(0, "done"),
  INTERNAL(1, "a fault of hfmerge itself"),
  USAGE(2, "wrong options or arguments"),
  RECIPE(3, "the recipe is not valid"),
  CHECKPOINT(4, "a file of a checkpoint, or a stored report, breaks the rules of its format"),
  INCOMPATIBLE(5, "the checkpoints do not fit together"),
  NOT_FOUND(6, "a model reference leads to no checkpoint"),
  IO(7, "reading or writing failed (a full disk, no permission, ...)"),
  UNSUPPORTED(8, "valid input that this version does not handle"),
  OUTPUT_EXISTS(9, "the output exists and --force was not given"),
  UNFINISHED(10, "an unfinished merge of that output is at work, or was begun with something else"),
  INPUT_CHANGED(11, "an input changed while it was merged"),
  NON_FINITE(12, "NaN or infinities came out of finite inputs and --allow-nan was not given"),
  MISMATCH(13, "verify found differences"),
  ACCESS_REFUSED(14, "the Hub does not give the model to this user (gated, private, wrong token)"),
  INTERRUPTED(130, "stopped from outside");

  private final int code;
  private final String meaning;

  ExitCode(int code, String meaning) {
    this.code = code;
    this.meaning = meaning;
  }

  public int code() {
    return code;
  }

  /** The code of a failure. */
  static ExitCode of(Throwable failure) {
    return switch (failure) {
      case HfMergeException refused ->
          switch (refused) {
            case InvalidRecipeException e -> RECIPE;
            case MalformedCheckpointException e -> CHECKPOINT;
            case MalformedReportException e -> CHECKPOINT;
            case IncompatibleCheckpointsException e -> INCOMPATIBLE;
            case UnresolvedReferenceException e -> NOT_FOUND;
            case UnsupportedFeatureException e -> UNSUPPORTED;
            case OutputExistsException e -> OUTPUT_EXISTS;
            case UnfinishedMergeException e -> UNFINISHED;
            case InputChangedException e -> INPUT_CHANGED;
            case NonFiniteOutputException e -> NON_FINITE;
            case MemoryBudgetException e -> USAGE;
            case AccessRefusedException e -> ACCESS_REFUSED;
          };
      case IOException e -> IO;
      case InterruptedException e -> INTERRUPTED;
      case CancellationException e -> INTERRUPTED;
      default -> INTERNAL;
    };
  }

  /** Lines for picocli's exit code list: {@code code:meaning}. */
  static String[] help() {
    return Arrays.stream(values())
        .map(c -> (c.code < 10 ? " " : "") + c.code + ":" + c.meaning)
        .toArray(String[]::new);
  }
}
