package io.hfmerge.hf.lora;

import io.hfmerge.error.IncompatibleCheckpointsException;
import io.hfmerge.hf.arch.ModelStructure;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A base model with an adapter applied: the tensors that the adapter changes are computed for the
 * range that is read, and nothing larger is ever held.
 *
 * <p>For a weight {@code W [out, in]}: LoRA (arXiv:2106.09685) {@code W + s B A}; DoRA
 * (arXiv:2402.09353) {@code m[i] U[i,:] / ‖U[i,:]‖₂} with {@code U = W + s B A}; stored transposed
 * (Conv1D, embeddings) the same of the transpose. Sums in f64, one rounding to f32 and one to the
 * tensor's dtype, which is the base's; F64 tensors are rounded once. PEFT 0.21's merge computes the
 * same in f32, or in the base's dtype where that is narrower.
 *
 * <p>Owns base and adapter until closed.
 */
public final class AdaptedCheckpoint implements Checkpoint {

  /** Doubles worked on at a time; with the factors' columns they stay in the L2 cache. */
  private static final int TILE = 512;

  /** Elements read at a time for the norms of DoRA. */
  private static final int NORM_ELEMENTS = 1 << 18;

  private final Checkpoint base;
  private final Adapter adapter;
  private final List<TensorSpec> tensors;
  private final Map<String, TensorSpec> byName = new LinkedHashMap<>();
  private final Map<String, TensorChange> changes;
  private final List<String> notes;
  private final FactorCache factors = new FactorCache();
  private final Map<String, RowScales> rowScales = new ConcurrentHashMap<>();

  private AdaptedCheckpoint(Checkpoint base, Adapter adapter, AdapterBinding.Result binding) {
    this.base = base;
    this.adapter = adapter;
    this.changes = Map.copyOf(binding.changes());
    this.notes = List.copyOf(binding.notes());
    List<TensorSpec> all = new ArrayList<>(base.tensors());
    all.addAll(binding.added());
    this.tensors = List.copyOf(all);
    tensors.forEach(spec -> byName.put(spec.name(), spec));
  }

  /**
   * Applies an adapter; reads no weights but those of tied embeddings that the adapter holds whole.
   * Closes both if it refuses them.
   *
   * @param base the base model's tensors
   * @param structure their names and layouts
   * @param adapter of this base
   * @throws IncompatibleCheckpointsException if adapter and base do not fit
   * @throws io.hfmerge.error.UnsupportedFeatureException if the adapter resizes or unties
   *     embeddings
   * @throws IOException if bytes cannot be read
   */
  public static AdaptedCheckpoint of(Checkpoint base, ModelStructure structure, Adapter adapter)
      throws IOException {
    try {
      return new AdaptedCheckpoint(base, adapter, AdapterBinding.bind(base, structure, adapter));
    } catch (IOException | RuntimeException e) {
      close(base, adapter);
      throw e;
    }
  }

  @Override
  public String id() {
    return base.id() + '+' + adapter.id();
  }

  /** What the user should know of how the adapter applies, a line each. */
  public List<String> notes() {
    return notes;
  }

  /** How many of the tensors the adapter changes or adds. */
  public int changed() {
    return changes.size();
  }

  @Override
  public List<Path> files() {
    List<Path> files = new ArrayList<>(base.files());
    files.addAll(adapter.checkpoint().files());
    return List.copyOf(files);
  }

  @Override
  public List<TensorSpec> tensors() {
    return tensors;
  }

  @Override
  public Optional<TensorSpec> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  @Override
  public Map<String, String> metadata() {
    return base.metadata();
  }

  @Override
  public List<String> remarks(String tensor) {
    return base.remarks(tensor);
  }

  @Override
  public Optional<MemorySegment> mapped(String tensor) {
    return changes.containsKey(get(tensor).name()) ? Optional.empty() : base.mapped(tensor);
  }

  @Override
  public void read(String tensor, long offsetBytes, MemorySegment destination) throws IOException {
    TensorChange change = changes.get(tensor);
    if (change == null) {
      base.read(tensor, offsetBytes, destination);
      return;
    }
    TensorSpec spec = get(tensor);
    long bytes = destination.byteSize();
    if (offsetBytes < 0 || offsetBytes > spec.sizeBytes() - bytes) {
      throw new IllegalArgumentException(
          "%s: tensor \"%s\" has %d bytes, asked for %d from %d on"
              .formatted(id(), tensor, spec.sizeBytes(), bytes, offsetBytes));
    }
    int size = spec.dtype().bytes();
    long first = offsetBytes / size;
    long end = Math.ceilDiv(offsetBytes + bytes, (long) size);
    if (offsetBytes % size == 0 && bytes % size == 0) {
      readElements(spec, change, first, destination);
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment whole = arena.allocate((end - first) * size, Double.BYTES);
      readElements(spec, change, first, whole);
      destination.copyFrom(whole.asSlice(offsetBytes - first * size, bytes));
    }
  }

  private void readElements(
      TensorSpec spec, TensorChange change, long first, MemorySegment destination)
      throws IOException {
    switch (change) {
      case TensorChange.Replaced(TensorSpec source) ->
          readFrom(Optional.of(source), spec, first, destination);
      case TensorChange.Shifted(TensorSpec shift, double scale, Optional<TensorSpec> source) -> {
        readFrom(source, spec, first, destination);
        shift(spec.dtype(), adapter.values(shift), scale, first, destination);
      }
      case TensorChange.Updated updated -> {
        readFrom(updated.source(), spec, first, destination);
        MatrixRange range = new MatrixRange(spec, first, destination);
        update(range, updated, rowScales(spec, updated));
      }
    }
  }

  /** Elements of the base's tensor, or of the adapter's in its place. */
  private void readFrom(
      Optional<TensorSpec> source, TensorSpec spec, long first, MemorySegment destination)
      throws IOException {
    DType dtype = spec.dtype();
    if (source.isEmpty()) {
      base.read(spec.name(), dtype.sizeBytes(first), destination);
      return;
    }
    DType from = source.get().dtype();
    if (from == dtype) {
      adapter.checkpoint().read(source.get().name(), dtype.sizeBytes(first), destination);
      return;
    }
    long count = destination.byteSize() / dtype.bytes();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment stored =
          arena.allocate(from.sizeBytes(Math.min(count, NORM_ELEMENTS)), Double.BYTES);
      double[] tile = new double[(int) Math.min(count, TILE)];
      for (long done = 0; done < count; done += NORM_ELEMENTS) {
        long some = Math.min(NORM_ELEMENTS, count - done);
        adapter
            .checkpoint()
            .read(
                source.get().name(),
                from.sizeBytes(first + done),
                stored.asSlice(0, from.sizeBytes(some)));
        for (long at = 0; at < some; at += TILE) {
          int length = (int) Math.min(TILE, some - at);
          TensorCodec.decode(from, stored, from.sizeBytes(at), tile, length);
          TensorCodec.encode(dtype, tile, destination, dtype.sizeBytes(done + at), length);
        }
      }
    }
  }

  private static void shift(
      DType dtype, double[] shift, double scale, long first, MemorySegment destination) {
    int count = (int) (destination.byteSize() / dtype.bytes());
    double[] values = new double[count];
    TensorCodec.decode(dtype, destination, 0, values, count);
    for (int i = 0; i < count; i++) {
      values[i] += scale * shift[(int) first + i];
    }
    TensorCodec.encode(dtype, values, destination, 0, count);
  }

  private void update(MatrixRange range, TensorChange.Updated change, @Nullable RowScales scales)
      throws IOException {
    LowRankFactors product = factors(change);
    double[] scale = scales == null ? null : scales.values();
    boolean turned = change.transposed();
    range.forEachPiece(
        TILE,
        (row, column, length, values) -> {
          product.add(row, column, values, length);
          if (scale != null) {
            for (int i = 0; i < length; i++) {
              values[i] *= turned ? scale[column + i] : scale[row];
            }
          }
          return true;
        });
  }

  private LowRankFactors factors(TensorChange.Updated change) throws IOException {
    AdapterModule module = change.module();
    return factors.get(
        module.name(), () -> LowRankFactors.read(adapter, module, change.transposed()));
  }

  private @Nullable RowScales rowScales(TensorSpec spec, TensorChange.Updated change)
      throws IOException {
    if (change.module().magnitude().isEmpty()) {
      return null;
    }
    RowScales scales = rowScales.computeIfAbsent(spec.name(), name -> new RowScales());
    scales.prepare(() -> computeScales(spec, change));
    return scales;
  }

  /** Magnitude over norm of every row of {@code U}, in one pass over the tensor. */
  private double[] computeScales(TensorSpec spec, TensorChange.Updated change) throws IOException {
    AdapterModule module = change.module();
    double[] magnitudes = adapter.values(module.magnitude().orElseThrow());
    double[] squares = new double[magnitudes.length];
    LowRankFactors product = factors(change);
    boolean turned = change.transposed();
    try (Arena arena = Arena.ofConfined()) {
      DType dtype = spec.dtype();
      MemorySegment block =
          arena.allocate(dtype.sizeBytes(Math.min(NORM_ELEMENTS, spec.elements())), Double.BYTES);
      for (long first = 0; first < spec.elements(); first += NORM_ELEMENTS) {
        long count = Math.min(NORM_ELEMENTS, spec.elements() - first);
        MemorySegment some = block.asSlice(0, dtype.sizeBytes(count));
        readFrom(change.source(), spec, first, some);
        new MatrixRange(spec, first, some)
            .forEachPiece(
                TILE,
                (row, column, length, values) -> {
                  product.add(row, column, values, length);
                  addSquares(values, length, squares, turned, turned ? column : row);
                  return false;
                });
      }
    }
    for (int i = 0; i < squares.length; i++) {
      if (!(squares[i] > 0 && squares[i] < Double.POSITIVE_INFINITY)) {
        throw new IncompatibleCheckpointsException(
            "%s: tensor \"%s\": expected rows of finite norm above 0 for DoRA to scale, found %s at row"
                    .formatted(id(), spec.name(), Math.sqrt(squares[i]))
                + " "
                + i);
      }
      squares[i] = magnitudes[i] / Math.sqrt(squares[i]);
    }
    return squares;
  }

  private static void addSquares(
      double[] values, int length, double[] squares, boolean each, int first) {
    double sum = 0;
    for (int i = 0; i < length; i++) {
      double square = values[i] * values[i];
      if (each) {
        squares[first + i] += square;
      } else {
        sum += square;
      }
    }
    if (!each) {
      squares[first] += sum;
    }
  }

  @Override
  public void close() throws IOException {
    close(base, adapter);
  }

  private static void close(Checkpoint base, Adapter adapter) throws IOException {
    try (adapter) {
      base.close();
    }
  }

  /** DoRA's factors of the rows of one tensor, computed by whoever needs them first. */
  private static final class RowScales {

    /** Computes the factors. */
    interface Source {
      double[] compute() throws IOException;
    }

    private double @Nullable [] values;

    synchronized void prepare(Source source) throws IOException {
      if (values == null) {
        values = source.compute();
      }
    }

    synchronized double[] values() {
      return java.util.Objects.requireNonNull(values);
    }
  }
}
