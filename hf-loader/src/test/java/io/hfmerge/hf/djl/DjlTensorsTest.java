package io.hfmerge.hf.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.djl.DjlTensors.Option;
import io.hfmerge.hf.safetensors.SafetensorsCheckpoint;
import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.TensorCodec;
import io.hfmerge.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class DjlTensorsTest {

  private static final long SEED = 20260117;

  @ParameterizedTest
  @ValueSource(strings = {"bert", "gpt2", "vit"})
  void givesAReferenceCheckpointsValues(String family) throws Exception {
    Path file =
        Path.of(
            getClass()
                .getResource("/golden/checkpoints/" + family + "/base/model.safetensors")
                .toURI());
    try (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.openFile(family, file);
        DjlTensors tensors = DjlTensors.load(checkpoint, Device.cpu())) {
      assertThat(tensors.names())
          .containsExactlyElementsOf(checkpoint.tensors().stream().map(TensorSpec::name).toList());
      for (TensorSpec spec : checkpoint.tensors()) {
        NDArray array = tensors.get(spec.name());
        float[] expected = new float[Math.toIntExact(spec.elements())];
        MemorySegment stored = checkpoint.mapped(spec.name()).orElseThrow();
        TensorCodec.decode(spec.dtype(), stored, 0, expected, 0, expected.length);
        assertThat(array.getShape()).isEqualTo(new Shape(spec.shape().dimensions()));
        assertThat(array.toFloatArray()).as(spec.name()).isEqualTo(expected);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"BF16", "F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ"})
  void decodesToF32WhatDjlDoesNotTake(DType dtype) throws IOException {
    // longer than one tile of the decoder
    int elements = 70_001;
    try (MemoryCheckpoint checkpoint = new MemoryCheckpoint(true)) {
      MemorySegment bytes = checkpoint.add("w", dtype, 1, elements);
      fill(bytes);
      float[] expected = new float[elements];
      TensorCodec.decode(dtype, bytes, 0, expected, 0, elements);
      try (DjlTensors tensors = DjlTensors.load(checkpoint, Device.cpu())) {
        assertThat(tensors.get("w").getDataType()).isEqualTo(DataType.FLOAT32);
        assertThat(tensors.get("w").toFloatArray()).isEqualTo(expected);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "F64, FLOAT64",
    "F32, FLOAT32",
    "F16, FLOAT16",
    "I64, INT64",
    "I32, INT32",
    "I8, INT8",
    "U8, UINT8",
    "BOOL, BOOLEAN"
  })
  void keepsTheTypesThatDjlHas(DType dtype, DataType type) throws IOException {
    for (int misalignment : new int[] {0, 1}) {
      for (boolean mapped : new boolean[] {true, false}) {
        try (MemoryCheckpoint checkpoint = new MemoryCheckpoint(mapped)) {
          MemorySegment bytes = checkpoint.add("w", dtype, misalignment, 3, 5);
          for (long i = 0; i < bytes.byteSize(); i++) {
            bytes.set(ValueLayout.JAVA_BYTE, i, (byte) (i % 2));
          }
          try (DjlTensors tensors = DjlTensors.load(checkpoint, Device.cpu())) {
            NDArray array = tensors.get("w");
            assertThat(array.getDataType()).isEqualTo(type);
            assertThat(array.getShape()).isEqualTo(new Shape(3, 5));
            assertThat(MemorySegment.ofBuffer(array.toByteBuffer()).mismatch(bytes)).isEqualTo(-1);
          }
        }
      }
    }
  }

  @Test
  void sharesAlignedMappedMemory() throws IOException {
    try (MemoryCheckpoint checkpoint = new MemoryCheckpoint(true)) {
      MemorySegment bytes = checkpoint.add("w", DType.F32, 0, 2);
      try (DjlTensors shared = DjlTensors.load(checkpoint, Device.cpu());
          DjlTensors copied = DjlTensors.load(checkpoint, Device.cpu(), Option.COPY)) {
        bytes.set(ValueLayout.JAVA_FLOAT, 4, 7);

        assertThat(shared.get("w").toFloatArray()).containsExactly(0, 7);
        assertThat(copied.get("w").toFloatArray()).containsExactly(0, 0);
        assertThat(copied.get("w").addi(1).toFloatArray()).containsExactly(1, 1);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void copiesUnalignedMemory(int misalignment) throws IOException {
    try (MemoryCheckpoint checkpoint = new MemoryCheckpoint(true)) {
      MemorySegment bytes = checkpoint.add("w", DType.F32, misalignment, 2);
      try (DjlTensors tensors = DjlTensors.load(checkpoint, Device.cpu())) {
        bytes.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 0, 7);

        assertThat(tensors.get("w").toFloatArray()).containsExactly(0, 0);
      }
    }
  }

  @Test
  void widensF16WhereAsked() throws IOException {
    try (MemoryCheckpoint checkpoint = new MemoryCheckpoint(true)) {
      MemorySegment bytes = checkpoint.add("w", DType.F16, 0, 2);
      bytes.set(ValueLayout.JAVA_SHORT, 2, Float.floatToFloat16(1.5f));
      try (DjlTensors tensors = DjlTensors.load(checkpoint, Device.cpu(), Option.F16_AS_F32)) {
        assertThat(tensors.get("w").getDataType()).isEqualTo(DataType.FLOAT32);
        assertThat(tensors.get("w").toFloatArray()).containsExactly(0, 1.5f);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"F32, true", "F32, false", "BF16, true", "I64, true"})
  void putsLargeTensorsTogetherFromRows(DType dtype, boolean mapped) throws IOException {
    try (MemoryCheckpoint checkpoint = new MemoryCheckpoint(mapped)) {
      fill(checkpoint.add("w", dtype, 0, 7, 2, 3));
      // three rows of I64, six of F32
      long maxBufferBytes = 3 * 6 * 8;
      try (DjlTensors whole = DjlTensors.load(checkpoint, Device.cpu());
          DjlTensors parts =
              DjlTensors.load(
                  checkpoint,
                  NDManager.newBaseManager(Device.cpu()),
                  List.of("w"),
                  maxBufferBytes)) {
        assertThat(parts.get("w").getShape()).isEqualTo(new Shape(7, 2, 3));
        assertThat(parts.get("w").toByteBuffer()).isEqualTo(whole.get("w").toByteBuffer());
      }
    }
  }

  @Test
  void refusesRowsBeyondABuffer() {
    try (MemoryCheckpoint checkpoint = new MemoryCheckpoint(true)) {
      checkpoint.add("w", DType.F32, 0, 2, 3);

      assertThatThrownBy(() ->
              DjlTensors.load(checkpoint, NDManager.newBaseManager(Device.cpu()), List.of("w"), 11))
          .isInstanceOf(UnsupportedFeatureException.class)
          .hasMessage(
              "memory: tensor \"w\" (F32[2, 3]): expected rows of at most 11 bytes to load with"
                  + " DJL, found 12");
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"I16", "U16", "U32", "U64", "C64", "F4", "F8_E8M0"})
  void refusesOtherTypesNamingTensorAndType(DType dtype) {
    try (MemoryCheckpoint checkpoint = new MemoryCheckpoint(true)) {
      checkpoint.add("w", dtype, 0, 4);

      assertThatThrownBy(() -> DjlTensors.load(checkpoint, Device.cpu()))
          .isInstanceOf(UnsupportedFeatureException.class)
          .hasMessage("memory: tensor \"w\": DJL has no arrays of " + dtype);
    }
  }

  @Test
  void loadsScalarsAndEmptyTensors() throws IOException {
    try (MemoryCheckpoint checkpoint = new MemoryCheckpoint(true)) {
      checkpoint.add("scalar", DType.F32, 0).set(ValueLayout.JAVA_FLOAT, 0, -1e9f);
      checkpoint.add("empty", DType.BF16, 0, 0, 4);
      try (DjlTensors tensors = DjlTensors.load(checkpoint, Device.cpu())) {
        assertThat(tensors.get("scalar").getShape()).isEqualTo(new Shape());
        assertThat(tensors.get("scalar").getFloat()).isEqualTo(-1e9f);
        assertThat(tensors.get("empty").getShape()).isEqualTo(new Shape(0, 4));
        assertThat(tensors.get("empty").getDataType()).isEqualTo(DataType.FLOAT32);
      }
    }
  }

  @Test
  void loadsOnlyWhatIsAskedForOntoAManager() throws IOException {
    try (MemoryCheckpoint checkpoint = new MemoryCheckpoint(true);
        NDManager manager = NDManager.newBaseManager(Device.cpu())) {
      checkpoint.add("a", DType.F32, 0, 1);
      checkpoint.add("b", DType.I16, 0, 1);
      checkpoint.add("c", DType.F32, 0, 1);
      DjlTensors tensors = DjlTensors.load(checkpoint, manager, List.of("c", "a"));
      NDList list = tensors.list();

      assertThat(list).extracting(NDArray::getName).containsExactly("c", "a");
      assertThat(tensors.find("b")).isEmpty();
      assertThatThrownBy(() -> tensors.get("b"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("\"b\"");
      assertThatThrownBy(() -> DjlTensors.load(checkpoint, manager, List.of("d")))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("\"d\"");
      tensors.close();
      tensors.close();
      assertThat(manager.isOpen()).isTrue();
      assertThatThrownBy(() -> list.getFirst().toFloatArray())
          .isInstanceOf(IllegalStateException.class);
    }
  }

  /** Random bytes without NaN, whose payload a decoder need not keep. */
  private static void fill(MemorySegment bytes) {
    Random random = new Random(SEED);
    for (long i = 0; i < bytes.byteSize(); i++) {
      bytes.set(ValueLayout.JAVA_BYTE, i, (byte) (random.nextInt() & 0x3f));
    }
  }
}
