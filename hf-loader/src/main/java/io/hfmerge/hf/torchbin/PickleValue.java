package io.hfmerge.hf.torchbin;

import io.hfmerge.tensor.DType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a pickle may be made of. Containers may hold themselves, so nothing here walks them. */
sealed interface PickleValue {

  /** What it is, for messages: {@code a dict}, {@code the number 3}. */
  String describe();

  /** {@code None}. */
  enum None implements PickleValue {
    NONE;

    @Override
    public String describe() {
      return "None";
    }
  }

  /** A truth value. */
  record Truth(boolean value) implements PickleValue {
    @Override
    public String describe() {
      return value ? "True" : "False";
    }
  }

  /** A whole number; larger ones do not occur where their value matters. */
  record Whole(long value) implements PickleValue {
    @Override
    public String describe() {
      return "the number " + value;
    }
  }

  /** A floating-point number. */
  record Real(double value) implements PickleValue {
    @Override
    public String describe() {
      return "the number " + value;
    }
  }

  /** Text. */
  record Text(String value) implements PickleValue {

    private static final int SHOWN = 60;

    @Override
    public String describe() {
      return '"' + (value.length() <= SHOWN ? value : value.substring(0, SHOWN) + "...") + '"';
    }
  }

  /** A list or a tuple. */
  final class Sequence implements PickleValue {

    private final boolean tuple;
    private final List<PickleValue> items;

    private Sequence(boolean tuple, List<PickleValue> items) {
      this.tuple = tuple;
      this.items = items;
    }

    static Sequence tuple(List<PickleValue> items) {
      return new Sequence(true, List.copyOf(items));
    }

    static Sequence list() {
      return new Sequence(false, new ArrayList<>(0));
    }

    boolean isTuple() {
      return tuple;
    }

    /** Grows if this is a list. */
    List<PickleValue> items() {
      return items;
    }

    @Override
    public String describe() {
      return (tuple ? "a tuple" : "a list") + " of " + items.size();
    }
  }

  /** A dict, ordered or not, with texts and whole numbers as keys. */
  record Mapping(Map<PickleValue, PickleValue> entries) implements PickleValue {

    public Mapping() {
      this(new LinkedHashMap<>(0));
    }

    @Override
    public String describe() {
      return "a dict of " + entries.size();
    }
  }

  /** A name of the allow list. */
  record Global(String name) implements PickleValue {
    @Override
    public String describe() {
      return "the global " + name;
    }
  }

  /** The type of a storage's elements: part of the allow list. */
  record StorageType(String name, DType dtype) implements PickleValue {
    @Override
    public String describe() {
      return "the global " + name;
    }
  }

  /** PyTorch's name of a type of elements; empty where there is no such tensor here. */
  record TypeName(String name, Optional<DType> dtype) implements PickleValue {
    @Override
    public String describe() {
      return "the global " + name;
    }
  }

  /**
   * The bytes that tensors are views of.
   *
   * @param key by which the file's data is found
   * @param dtype of its elements
   * @param elements number of elements
   * @param offsetElements where it begins within the data of that key
   */
  record Storage(String key, DType dtype, long elements, long offsetElements)
      implements PickleValue {
    @Override
    public String describe() {
      return "storage \"" + key + '"';
    }
  }

  /**
   * A view of a storage.
   *
   * @param dtype of its elements
   * @param offsetElements first element, counted in elements of {@code dtype}
   * @param size dimensions, outermost first
   * @param stride elements between neighbours along each dimension
   */
  record Tensor(
      Storage storage, DType dtype, long offsetElements, List<Long> size, List<Long> stride)
      implements PickleValue {

    public Tensor {
      size = List.copyOf(size);
      stride = List.copyOf(stride);
    }

    @Override
    public String describe() {
      return "a tensor";
    }
  }

  /** Something allowed whose value does not matter: a device, a set, a huge number. */
  record Other(String what) implements PickleValue {
    @Override
    public String describe() {
      return what;
    }
  }
}
