package io.hfmerge.hf.torchbin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hfmerge.error.HfMergeException;
import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.HfModels;
import io.hfmerge.hf.testing.ModelFolders;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostilePickleTest {

  @TempDir Path temp;

  @ParameterizedTest
  @CsvSource({
    "os-system, posix.system",
    "os-system-raw, posix.system",
    "eval, __builtin__.eval",
    "eval-raw, __builtin__.eval",
    "getattr-chain, __builtin__.getattr",
    "getattr-chain-raw, __builtin__.getattr"
  })
  void refusesWhatWouldRunCodeByItsName(String file, String global) throws IOException {
    Path folder = Files.createDirectory(temp.resolve("m"));
    Files.copy(
        TorchFiles.formats("hostile-pickles").resolve(file + ".bin"),
        folder.resolve("pytorch_model.bin"));
    assertThatThrownBy(() -> HfModels.open(folder.toString()))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("pytorch_model.bin: pickle at byte ")
        .hasMessageContaining("found global " + global)
        .hasMessageContaining("nothing of the file was run");
    assertThat(ModelFolders.list(temp)).containsExactly("m/", "m/pytorch_model.bin");
    assertThat(Path.of("hfmerge-pwned")).doesNotExist();
  }

  static Stream<String> globals() {
    return Stream.of(
        "os\nsystem",
        "subprocess\nPopen",
        "builtins\nexec",
        "builtins\n__import__",
        "torch\nload",
        "torch\nhub",
        "torch.storage\n_load_from_bytes",
        "torch.storage\nFloatStorage",
        "torch._utils\n_rebuild_tensor_v9",
        "torch._utils\n",
        "collections\nOrderedDict.fromkeys",
        "collections\ndefaultdict",
        "argparse\nNamespace",
        "java.lang\nRuntime",
        "io.hfmerge.hf.torchbin\nTorchCheckpoint");
  }

  @ParameterizedTest
  @MethodSource("globals")
  void knowsAFixedListOfNames(String global) {
    assertThatThrownBy(() -> open("\u0080\u0002}X\u0001\0\0\0wc" + global + "\ns."))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("found global " + global.replace('\n', '.'));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "i",
        "o",
        "I1\n",
        "L1\n",
        "V\n",
        "S''\n",
        "P0\n",
        "0",
        "2",
        "d",
        "l",
        "g0\n",
        "p0\n",
        "\u0082\u0001",
        "\u008b\u0001\0\0\0",
        "\u008c\u0001a",
        "\u0093",
        "\u0094",
        "\u0095",
        "\u0092",
        "T\1\0\0\0a",
        "\u0000"
      })
  void refusesOtherOpcodesByTheirPlace(String opcode) {
    assertThatThrownBy(() -> open("\u0080\u0002}" + opcode + "."))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("memory: pickle at byte 3: ")
        .hasMessageContaining("found opcode");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\u0080\u0002.", // nothing on the stack
        "\u0080\u0002}}.", // two values
        "\u0080\u0002(}.", // a mark left over
        "\u0080\u0002t.",
        "\u0080\u0002)u.",
        "\u0080\u0002}K\u0001s.",
        "\u0080\u0002)K\u0001K\u0002s.", // SETITEM of a tuple
        "\u0080\u0002ctorch._utils\n_rebuild_tensor_v2\n(K\u0001K\u0002u.", // SETITEMS of a
        // function
        "\u0080\u0002}K\u0001a.", // APPEND to a dict
        "\u0080\u0002)(K\u0001e.", // APPENDS to a tuple
        "\u0080\u0002}(K\u0001u.", // a key without a value
        "\u0080\u0002}h\u0000.", // memo that is not there
        "\u0080\u0002}j\u00ff\u00ff\u00ff\u00ff.",
        "\u0080\u0002}r\u00ff\u00ff\u00ff\u00ff.", // memo of four billion
        "\u0080\u0002}r\u00ff\u00ff\u00ff\u007f.",
        "\u0080\u0002X\u00ff\u00ff\u00ff\u00ff.", // text of four billion
        "\u0080\u0002X\u00ff\u00ff\u00ff\u007f.",
        "\u0080\u0002X\u0002\0\0\0\u00c3\u0028.", // no UTF-8
        "\u0080\u0002K\u0001}b.", // BUILD of a number
        "\u0080\u0002K\u0001)R.", // a call of a number
        "\u0080\u0002ccollections\nOrderedDict\n)\u0085)R0.",
        "\u0080\u0002ccollections\nOrderedDict\nK\u0001R.", // arguments that are no tuple
        "\u0080\u0002ccollections\nOrderedDict\nK\u0001\u0085R.",
        "\u0080\u0002ctorch._utils\n_rebuild_tensor_v2\n)R.",
        "\u0080\u0002ctorch._utils\n_rebuild_parameter\n(}}}tR.",
        "\u0080\u0002ctorch\nSize\n}\u0085R.",
        "\u0080\u0002ctorch\nFloatStorage\n)\u0081.", // an object of another type
        "\u0080\u0002ctorch\nTensor\n)R.",
        "\u0080\u0002}Q.", // a persistent id that is none
        "\u0080\u0002(X\u0006\0\0\0module}}}}tQ.",
        "\u0080\u0002}}}s.", // a dict as key
        "\u0080\u0002}(K\u0001K\u0001K\u0001K\u0001u." // a key twice
      })
  void refusesPicklesThatMakeNoSense(String pickle) {
    assertThatThrownBy(() -> open(pickle))
        .isInstanceOf(HfMergeException.class)
        .hasMessageContaining("memory: ");
  }

  static Stream<byte[]> views() {
    long huge = Long.MAX_VALUE;
    return Stream.of(
        TorchFiles.view(0, new long[] {5}, new long[] {1}), // one element too many
        TorchFiles.view(1, new long[] {4}, new long[] {1}),
        TorchFiles.view(0, new long[] {2, 2}, new long[] {3, 1}),
        TorchFiles.view(-1, new long[] {1}, new long[] {1}),
        TorchFiles.view(0, new long[] {-1}, new long[] {1}),
        TorchFiles.view(0, new long[] {2}, new long[] {-1}),
        TorchFiles.view(0, new long[] {2}, new long[] {1, 1}),
        TorchFiles.view(0, new long[] {huge, huge}, new long[] {0, 0}),
        TorchFiles.view(0, new long[] {huge, huge, 0}, new long[] {0, 0, 0}),
        TorchFiles.view(0, new long[] {1L << 62}, new long[] {0}), // bytes overflow
        TorchFiles.view(0, new long[] {3}, new long[] {huge}),
        TorchFiles.view(huge, new long[] {2}, new long[] {1}),
        TorchFiles.view(huge, new long[] {1}, new long[] {1}),
        TorchFiles.view(0, new long[] {1L << 40}, new long[] {0}), // 4 TB out of one number
        TorchFiles.view(0, new long[65], new long[65]));
  }

  @ParameterizedTest
  @MethodSource("views")
  void refusesViewsOutsideOfTheirStorage(byte[] view) {
    assertThatThrownBy(() -> openFile(TorchFiles.tensorPickle("FloatStorage", 4, view)))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("m.bin");
  }

  @ParameterizedTest
  @ValueSource(longs = {5, -1, 1L << 33, Long.MAX_VALUE, Long.MIN_VALUE})
  void refusesStoragesThatTheFileDoesNotHold(long elements) {
    byte[] view = TorchFiles.view(0, new long[] {2}, new long[] {1});
    assertThatThrownBy(() -> openFile(TorchFiles.tensorPickle("FloatStorage", elements, view)))
        .isInstanceOf(MalformedCheckpointException.class)
        .hasMessageContaining("m.bin");
  }

  @Test
  void opensTheSameWithSizesThatFit() throws IOException {
    byte[] view = TorchFiles.view(0, new long[] {2, 2}, new long[] {1, 2});
    try (TorchCheckpoint checkpoint = openFile(TorchFiles.tensorPickle("FloatStorage", 4, view))) {
      assertThat(checkpoint.tensors()).hasSize(1);
    }
  }

  /** Each doubles or copies what is in the memo, a few bytes at a time. */
  @Test
  void boundsWhatAPickleMakes() {
    ByteArrayOutputStream list = new ByteArrayOutputStream();
    list.writeBytes(TorchFiles.ascii("\u0080\u0002]q\u0000("));
    for (int i = 0; i < 60; i++) {
      list.writeBytes(TorchFiles.ascii("K\u0000"));
    }
    list.writeBytes(TorchFiles.ascii("e"));
    for (String copy :
        List.of(
            "ctorch\nSize\nh\u0000\u0085R",
            "ccollections\nOrderedDict\nh\u0000\u0085R",
            "h\u0000h\u0000\u0086q\u0000")) {
      ByteArrayOutputStream pickle = new ByteArrayOutputStream();
      pickle.writeBytes(list.toByteArray());
      for (int i = 0; i < 1 << 21; i++) {
        pickle.writeBytes(TorchFiles.ascii(copy));
      }
      assertThatThrownBy(() -> read(pickle.toByteArray())).isInstanceOf(HfMergeException.class);
    }
  }

  @Test
  void readsAMillionListsInOneAnother() throws IOException {
    int depth = 1 << 20;
    String pickle = "\u0080\u0002" + "]".repeat(depth) + "a".repeat(depth - 1) + ".";
    assertThat(read(TorchFiles.ascii(pickle)).describe()).isEqualTo("a list of 1");
  }

  @Test
  void aDictThatHoldsItselfIsNoTrap() throws IOException {
    String pickle = "\u0080\u0002}q\u0000X\u0001\0\0\0ah\u0000s.";
    assertThatThrownBy(() -> openFile(TorchFiles.ascii(pickle)))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("expected tensors by name");
  }

  private static void open(String pickle) throws IOException {
    read(TorchFiles.ascii(pickle));
  }

  private static PickleValue read(byte[] pickle) throws IOException {
    return PickleReader.read(
        new PickleInput(TorchFiles.source(pickle), 0, pickle.length), new PickleObjects());
  }

  private TorchCheckpoint openFile(byte[] pickle) throws IOException {
    return TorchCheckpoint.openFile(
        "m", Files.write(temp.resolve("m.bin"), TorchFiles.archive(pickle)));
  }
}
