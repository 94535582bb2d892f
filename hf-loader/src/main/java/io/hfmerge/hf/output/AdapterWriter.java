package io.hfmerge.hf.output;

import io.hfmerge.hf.ModelLocation;
import io.hfmerge.hf.lora.Adapter;
import io.hfmerge.hf.lora.AdapterConfig;
import io.hfmerge.hf.lora.AdapterSettings;
import io.hfmerge.hf.safetensors.SafetensorsWriter;
import io.hfmerge.tensor.Checkpoint;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes an adapter's folder, which appears whole or not at all. Tensors may come from several
 * threads, before it is known how many there will be; they wait in a file beside the output.
 */
public final class AdapterWriter implements AutoCloseable {

  private static final String SPOOL = ".tensors";
  private static final int CHUNK_BYTES = 1 << 20;

  private sealed interface Waiting {
    TensorSpec spec();
  }

  private record Spooled(TensorSpec spec, long position) implements Waiting {}

  private record Copied(TensorSpec spec, Checkpoint source, String name) implements Waiting {}

  private final Path target;
  private final StagedFolder staged;
  private final FileChannel spool;
  private final List<Waiting> waiting = new ArrayList<>();
  private long end;

  private AdapterWriter(Path target, StagedFolder staged, FileChannel spool) {
    this.target = target;
    this.staged = staged;
    this.spool = spool;
  }

  /**
   * Prepares the folder.
   *
   * @param target folder to appear; its parent must exist
   * @param replace whether an existing one is replaced
   * @param inputs what must not be replaced or added to
   * @throws io.hfmerge.error.OutputExistsException if the target exists and may not be replaced
   * @throws IOException if the folder cannot be created
   */
  public static AdapterWriter create(Path target, boolean replace, List<ModelLocation> inputs)
      throws IOException {
    for (ModelLocation input : inputs) {
      InputOverlap.refuse(target, input);
    }
    StagedFolder staged = StagedFolder.create(target, replace);
    try {
      FileChannel spool =
          FileChannel.open(
              staged.path().resolve(SPOOL),
              StandardOpenOption.CREATE_NEW,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE);
      return new AdapterWriter(target, staged, spool);
    } catch (IOException | RuntimeException e) {
      staged.close();
      throw e;
    }
  }

  /** Where the adapter will be. */
  public Path target() {
    return target;
  }

  /**
   * Adds a tensor, rounded once to its dtype.
   *
   * @param values all of its elements, row-major
   * @throws ArithmeticException if one is not finite in that dtype
   */
  public void add(String name, DType dtype, Shape shape, double[] values) throws IOException {
    TensorSpec spec = new TensorSpec(name, dtype, shape);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(Math.max(1, spec.sizeBytes()), Double.BYTES);
      TensorCodec.encode(dtype, values, bytes, 0, values.length);
      double[] stored = new double[values.length];
      TensorCodec.decode(dtype, bytes, 0, stored, stored.length);
      for (double value : stored) {
        if (!Double.isFinite(value)) {
          throw new ArithmeticException(
              "tensor \"%s\": not every element is finite as %s".formatted(name, dtype));
        }
      }
      spool(spec, bytes.asSlice(0, spec.sizeBytes()));
    }
  }

  private void spool(TensorSpec spec, MemorySegment bytes) throws IOException {
    long position;
    synchronized (this) {
      position = end;
      end += spec.sizeBytes();
      waiting.add(new Spooled(spec, position));
    }
    for (long done = 0; done < bytes.byteSize(); done += CHUNK_BYTES) {
      long length = Math.min(CHUNK_BYTES, bytes.byteSize() - done);
      ByteBuffer buffer = bytes.asSlice(done, length).asByteBuffer();
      for (long at = position + done; buffer.hasRemaining(); ) {
        at += spool.write(buffer, at);
      }
    }
  }

  /** Adds a tensor of another checkpoint, which stays open until all is finished, as it is. */
  public synchronized void copy(String name, Checkpoint source, TensorSpec tensor) {
    waiting.add(
        new Copied(new TensorSpec(name, tensor.dtype(), tensor.shape()), source, tensor.name()));
  }

  /**
   * Writes everything and puts the folder in its place.
   *
   * @param card the README
   * @return bytes of tensor data
   */
  public synchronized long finish(AdapterSettings settings, String card) throws IOException {
    List<TensorSpec> specs = waiting.stream().map(Waiting::spec).toList();
    Path file = staged.path().resolve(Adapter.FILES.getFirst());
    try (SafetensorsWriter writer = SafetensorsWriter.createFile(file, specs);
        Arena arena = Arena.ofConfined()) {
      MemorySegment chunk = arena.allocate(CHUNK_BYTES);
      for (Waiting tensor : waiting) {
        long size = tensor.spec().sizeBytes();
        for (long done = 0; done < size; done += CHUNK_BYTES) {
          MemorySegment some = chunk.asSlice(0, Math.min(CHUNK_BYTES, size - done));
          switch (tensor) {
            case Spooled(TensorSpec spec, long position) -> read(spec, position + done, some);
            case Copied(TensorSpec spec, Checkpoint source, String name) ->
                source.read(name, done, some);
          }
          writer.write(tensor.spec().name(), done, some);
        }
      }
      writer.finish();
    }
    spool.close();
    Files.delete(staged.path().resolve(SPOOL));
    Files.writeString(staged.path().resolve(AdapterConfig.FILE), settings.json());
    Files.writeString(staged.path().resolve("README.md"), card);
    staged.publish();
    return specs.stream().mapToLong(TensorSpec::sizeBytes).sum();
  }

  private void read(TensorSpec spec, long position, MemorySegment target) throws IOException {
    ByteBuffer buffer = target.asByteBuffer();
    for (long at = position; buffer.hasRemaining(); ) {
      int read = spool.read(buffer, at);
      if (read < 0) {
        throw new IOException(
            staged.path().resolve(SPOOL) + ": ends within tensor \"" + spec.name() + '"');
      }
      at += read;
    }
  }

  @Override
  public void close() throws IOException {
    try (staged) {
      spool.close();
    }
  }
}
