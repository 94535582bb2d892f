package io.hfmerge.hf.torchbin;

import io.hfmerge.error.MalformedCheckpointException;
import io.hfmerge.error.UnsupportedFeatureException;
import io.hfmerge.hf.torchbin.PickleValue.Mapping;
import io.hfmerge.hf.torchbin.PickleValue.None;
import io.hfmerge.hf.torchbin.PickleValue.Other;
import io.hfmerge.hf.torchbin.PickleValue.Real;
import io.hfmerge.hf.torchbin.PickleValue.Sequence;
import io.hfmerge.hf.torchbin.PickleValue.Text;
import io.hfmerge.hf.torchbin.PickleValue.Truth;
import io.hfmerge.hf.torchbin.PickleValue.Whole;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The stack machine of pickle protocol 2, with the opcodes that {@code torch.load(weights_only=
 * True)} takes and no others. What names and calls mean is {@link PickleObjects}' to say; this
 * class makes containers, numbers and texts.
 *
 * <p>Every opcode makes at most a fixed number of values, and values are counted against a limit,
 * so that time and memory are bounded whatever the file says. Never recursive.
 */
final class PickleReader {

  /** Twice what 100,000 tensors with names of 100 characters need. */
  static final long MAX_PICKLE_BYTES = 64L << 20;

  private static final int MAX_TEXT_BYTES = 1 << 20;
  private static final int MAX_NAME_CHARACTERS = 500;

  private final PickleInput in;
  private final PickleObjects objects;
  private final PickleScope scope;
  private final List<PickleValue> stack = new ArrayList<>();
  private int[] marks = new int[16];
  private int markCount;
  private @Nullable PickleValue[] memo = new PickleValue[64];

  private PickleReader(PickleInput in, PickleObjects objects) {
    this.in = in;
    this.objects = objects;
    this.scope = new PickleScope(in.name());
  }

  /**
   * Reads one pickle, up to its end, which need not be the input's.
   *
   * @throws MalformedCheckpointException if it is no pickle, ends early, or is beyond a limit
   * @throws UnsupportedFeatureException if it holds a name or an opcode that is not on the list
   * @throws IOException if it cannot be read
   */
  static PickleValue read(PickleInput in, PickleObjects objects) throws IOException {
    return new PickleReader(in, objects).run();
  }

  private PickleValue run() throws IOException {
    while (true) {
      scope.at(in.position());
      if (in.taken() >= MAX_PICKLE_BYTES) {
        throw scope.malformed(
            "expected a pickle of at most " + MAX_PICKLE_BYTES + " bytes, found more");
      }
      int opcode = in.unsignedByte();
      if (opcode == '.') {
        PickleValue result = pop();
        if (!stack.isEmpty() || markCount > 0) {
          throw scope.malformed("expected one value at the end, found " + (stack.size() + 1));
        }
        return result;
      }
      execute(opcode);
    }
  }

  private void execute(int opcode) throws IOException {
    switch (opcode) {
      case 0x80 -> protocol();
      case '(' -> mark();
      case 'N' -> push(None.NONE);
      case 0x88 -> push(new Truth(true));
      case 0x89 -> push(new Truth(false));
      case 'J' -> push(new Whole(in.signedInt()));
      case 'K' -> push(new Whole(in.unsignedByte()));
      case 'M' -> push(new Whole(in.unsignedShort()));
      case 0x8a -> push(whole(in.bytes(in.unsignedByte(), 255, "a number")));
      case 'G' -> push(new Real(in.bigEndianDouble()));
      case 'X' -> push(new Text(utf8(Integer.toUnsignedLong(in.signedInt()))));
      case 'U' -> push(new Text(utf8(in.unsignedByte())));
      case ')' -> push(Sequence.tuple(List.of()));
      case 't' -> push(Sequence.tuple(popToMark()));
      case 0x85 -> push(Sequence.tuple(popLast(1)));
      case 0x86 -> push(Sequence.tuple(popLast(2)));
      case 0x87 -> push(Sequence.tuple(popLast(3)));
      case ']' -> push(Sequence.list());
      case '}' -> push(new Mapping());
      case 0x8f -> push(new Other("a set"));
      case 'a' -> append(popLast(1));
      case 'e' -> append(popToMark());
      case 's' -> put(popLast(2));
      case 'u' -> put(popToMark());
      case 'q' -> memorise(in.unsignedByte());
      case 'r' -> memorise(in.signedInt());
      case 'h' -> push(remembered(in.unsignedByte()));
      case 'j' -> push(remembered(in.signedInt()));
      case 'c' -> {
        String module = in.line(MAX_NAME_CHARACTERS);
        push(objects.global(module, in.line(MAX_NAME_CHARACTERS), scope));
      }
      case 'R' -> {
        List<PickleValue> call = popLast(2);
        push(objects.call(call.getFirst(), arguments(call.getLast()), scope));
      }
      case 0x81 -> {
        List<PickleValue> call = popLast(2);
        push(objects.create(call.getFirst(), arguments(call.getLast()), scope));
      }
      case 'b' -> {
        PickleValue state = pop();
        PickleValue target = peek();
        objects.build(target, state, scope);
      }
      case 'Q' -> {
        PickleValue id = pop();
        push(objects.persistent(id, scope));
      }
      default -> throw unknown(opcode);
    }
  }

  private void protocol() throws IOException {
    int protocol = in.unsignedByte();
    if (protocol != 2) {
      throw scope.unsupported(
          "expected a pickle of protocol 2, as torch.save writes it, found protocol "
              + protocol
              + "; save it again without pickle_protocol");
    }
  }

  private UnsupportedFeatureException unknown(int opcode) {
    String name =
        opcode > ' ' && opcode <= '~' ? "'" + (char) opcode + "'" : "0x%02x".formatted(opcode);
    return scope.unsupported(
        "expected an opcode that torch.save uses for weights, found opcode " + name);
  }

  private void mark() {
    if (markCount == marks.length) {
      scope.count(markCount);
      marks = Arrays.copyOf(marks, 2 * markCount);
    }
    marks[markCount++] = stack.size();
  }

  private void push(PickleValue value) {
    scope.count(1);
    stack.add(value);
  }

  private int floor() {
    return markCount == 0 ? 0 : marks[markCount - 1];
  }

  private PickleValue pop() {
    return popLast(1).getFirst();
  }

  private PickleValue peek() {
    requireOnStack(1);
    return stack.getLast();
  }

  private List<PickleValue> popLast(int number) {
    requireOnStack(number);
    return take(stack.size() - number);
  }

  private void requireOnStack(int number) {
    if (stack.size() - floor() < number) {
      throw scope.malformed("expected a value to work on, found none");
    }
  }

  private List<PickleValue> popToMark() {
    if (markCount == 0) {
      throw scope.malformed("expected a mark on the stack, found none");
    }
    return take(marks[--markCount]);
  }

  private List<PickleValue> take(int from) {
    List<PickleValue> last = stack.subList(from, stack.size());
    List<PickleValue> taken = List.copyOf(last);
    last.clear();
    return taken;
  }

  private void append(List<PickleValue> items) {
    if (!(peek() instanceof Sequence list) || list.isTuple()) {
      throw scope.malformed("expected a list to append to, found " + peek().describe());
    }
    scope.count(items.size());
    list.items().addAll(items);
  }

  private void put(List<PickleValue> items) {
    if (!(peek() instanceof Mapping dict)) {
      throw scope.malformed("expected a dict to set items of, found " + peek().describe());
    }
    if (items.size() % 2 != 0) {
      throw scope.malformed("expected keys and values, found a key without a value");
    }
    scope.count(items.size());
    for (int i = 0; i < items.size(); i += 2) {
      PickleObjects.put(dict, items.get(i), items.get(i + 1), scope);
    }
  }

  private void memorise(int index) {
    if (index < 0 || index >= PickleScope.MAX_VALUES) {
      throw scope.malformed(
          "expected a memo of at most %d values, found index %s"
              .formatted(PickleScope.MAX_VALUES, Integer.toUnsignedString(index)));
    }
    if (index >= memo.length) {
      memo =
          Arrays.copyOf(
              memo, Math.min(PickleScope.MAX_VALUES, Math.max(index + 1, 2 * memo.length)));
    }
    memo[index] = peek();
  }

  private PickleValue remembered(int index) {
    PickleValue value = index < 0 || index >= memo.length ? null : memo[index];
    if (value == null) {
      throw scope.malformed(
          "expected the index of a value met before, found " + Integer.toUnsignedString(index));
    }
    return value;
  }

  private PickleValue.Sequence arguments(PickleValue value) {
    if (value instanceof Sequence tuple && tuple.isTuple()) {
      return tuple;
    }
    throw scope.malformed("expected a tuple of arguments, found " + value.describe());
  }

  private String utf8(long length) throws IOException {
    byte[] bytes = in.bytes(length, MAX_TEXT_BYTES, "a text");
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw scope.malformed("expected a text in UTF-8, found other bytes");
    }
  }

  private static PickleValue whole(byte[] littleEndian) {
    if (littleEndian.length > Long.BYTES) {
      return new Other(String.format(Locale.ROOT, "a number of %d bytes", littleEndian.length));
    }
    long value = 0;
    for (int i = 0; i < littleEndian.length; i++) {
      long digit = i == littleEndian.length - 1 ? littleEndian[i] : littleEndian[i] & 0xff;
      value |= digit << (8 * i);
    }
    return new Whole(value);
  }
}
