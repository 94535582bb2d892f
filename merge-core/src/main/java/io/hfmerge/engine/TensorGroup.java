package io.hfmerge.engine;

import io.hfmerge.method.StatisticsPass;
import io.hfmerge.method.TensorMerge;
import io.hfmerge.plan.CopiedTensor;
import io.hfmerge.plan.MergePlan;
import io.hfmerge.plan.PlannedTensor;
import io.hfmerge.plan.TensorSource;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A tensor of one output, or the tensors of this name of several outputs, which are computed
 * together so that each source is read and decoded once for all of them.
 */
final class TensorGroup {

  /** A tensor of one output, and which of the group's sources are its own. */
  static final class Member {

    private final int output;
    private final PlannedTensor tensor;
    private final int[] sources;

    private Member(int output, PlannedTensor tensor, int[] sources) {
      this.output = output;
      this.tensor = tensor;
      this.sources = sources;
    }

    /** Index of the output among those of the run. */
    int output() {
      return output;
    }

    PlannedTensor tensor() {
      return tensor;
    }

    TensorSpec spec() {
      return tensor.output();
    }

    /** Whether its bytes are those of its source. */
    boolean isVerbatim() {
      return tensor instanceof CopiedTensor copied
          && copied.output().dtype() == copied.source().tensor().dtype();
    }

    /** What is to be known about its sources where these are computed themselves. */
    List<String> remarksOfSources() {
      List<String> remarks = new ArrayList<>();
      for (TensorSource source : tensor.sources()) {
        remarks.addAll(source.input().checkpoint().remarks(source.tensor().name()));
      }
      return remarks;
    }

    int sources() {
      return sources.length;
    }

    /** Index among the group's sources of this tensor's {@code i}-th one. */
    int source(int i) {
      return sources[i];
    }

    /** Those of the group's tiles that are this tensor's, in the order of its sources. */
    float[][] select(float[][] tiles) {
      float[][] own = new float[sources.length][];
      for (int i = 0; i < own.length; i++) {
        own[i] = tiles[sources[i]];
      }
      return own;
    }
  }

  private final List<TensorSource> sources = new ArrayList<>();
  private final List<Member> members = new ArrayList<>();

  private TensorGroup() {}

  /** A tensor by itself. */
  static TensorGroup of(PlannedTensor tensor) {
    TensorGroup group = new TensorGroup();
    group.add(0, tensor);
    return group;
  }

  /** The tensors of all plans, those of the same name and length together, in their order. */
  static List<TensorGroup> of(List<MergePlan> plans) {
    return of(plans, plans.stream().map(plan -> MergeJournal.NONE).toList());
  }

  /**
   * The tensors of all outputs that are not complete.
   *
   * @param journals one for each plan
   */
  static List<TensorGroup> of(List<MergePlan> plans, List<MergeJournal> journals) {
    if (plans.size() == 1) {
      return ofOne(plans.getFirst(), journals.getFirst());
    }
    record Key(String name, long elements, Optional<TensorSource> carried) {}
    Map<Key, TensorGroup> groups = new LinkedHashMap<>();
    for (int output = 0; output < plans.size(); output++) {
      for (PlannedTensor tensor : plans.get(output).tensors()) {
        TensorSpec spec = tensor.output();
        if (journals.get(output).isComplete(spec.name())) {
          continue;
        }
        // what is not decoded has a group for each source, since elements may share bytes
        Optional<TensorSource> carried =
            spec.dtype().isFloat() ? Optional.empty() : Optional.of(tensor.sources().getFirst());
        groups
            .computeIfAbsent(
                new Key(spec.name(), spec.elements(), carried), key -> new TensorGroup())
            .add(output, tensor);
      }
    }
    return List.copyOf(groups.values());
  }

  /** The names of one output's tensors differ. */
  private static List<TensorGroup> ofOne(MergePlan plan, MergeJournal journal) {
    List<TensorGroup> groups = new ArrayList<>(plan.tensors().size());
    for (PlannedTensor tensor : plan.tensors()) {
      if (!journal.isComplete(tensor.output().name())) {
        groups.add(of(tensor));
      }
    }
    return List.copyOf(groups);
  }

  private void add(int output, PlannedTensor tensor) {
    int[] indices = new int[tensor.sources().size()];
    for (int i = 0; i < indices.length; i++) {
      indices[i] = indexOf(tensor.sources().get(i));
    }
    members.add(new Member(output, tensor, indices));
  }

  private int indexOf(TensorSource source) {
    for (int i = 0; i < sources.size(); i++) {
      TensorSource other = sources.get(i);
      if (other.input().checkpoint().equals(source.input().checkpoint())
          && other.tensor().name().equals(source.tensor().name())) {
        return i;
      }
    }
    sources.add(source);
    return sources.size() - 1;
  }

  /** What is read, each once. */
  List<TensorSource> sources() {
    return sources;
  }

  DType dtype(int source) {
    return sources.get(source).tensor().dtype();
  }

  List<Member> members() {
    return members;
  }

  long elements() {
    return members.getFirst().spec().elements();
  }

  /** The sources of those members whose current step is a pass of statistics. */
  BitSet sourcesOfStatistics(List<TensorMerge> steps) {
    BitSet needed = new BitSet();
    for (int i = 0; i < steps.size(); i++) {
      if (steps.get(i) instanceof StatisticsPass<?>) {
        for (int source : members.get(i).sources) {
          needed.set(source);
        }
      }
    }
    return needed;
  }

  /** Bytes that so many elements of some sources take. */
  long bytesOf(BitSet some, long elements) {
    long bytes = 0;
    for (int source = some.nextSetBit(0); source >= 0; source = some.nextSetBit(source + 1)) {
      bytes += dtype(source).sizeBytes(elements);
    }
    return bytes;
  }

  /** Bytes of all sources. */
  long bytesToRead() {
    long bytes = 0;
    for (TensorSource source : sources) {
      bytes += source.tensor().sizeBytes();
    }
    return bytes;
  }

  /** Whether all it takes is to copy the bytes of one source. */
  boolean isVerbatim() {
    if (sources.size() != 1) {
      return false;
    }
    for (Member member : members) {
      if (!member.isVerbatim()) {
        return false;
      }
    }
    return true;
  }
}
