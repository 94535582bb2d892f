package io.hfmerge.hf.djl.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * Keys and values of the tokens that a model has already seen, a pair of arrays {@code [B, G,
 * capacity, h]} for each layer; owns them until closed. Capacity doubles when it is used up.
 *
 * <p>For inference: arrays are changed in place. Not thread-safe.
 */
public final class KeyValueCache implements AutoCloseable {

  private static final int FIRST_CAPACITY = 128;

  private final NDManager manager;
  private final List<NDArray> keys = new ArrayList<>();
  private final List<NDArray> values = new ArrayList<>();
  private int length;

  /**
   * An empty cache.
   *
   * @param parent decides device and engine
   */
  public KeyValueCache(NDManager parent) {
    this.manager = parent.newSubManager();
  }

  /** Tokens held. */
  public int length() {
    return length;
  }

  /** Forgets every token after the first {@code tokens}. */
  public void truncate(int tokens) {
    if (tokens < 0 || tokens > length) {
      throw new IllegalArgumentException(
          "cache of " + length + " tokens: cannot be cut to " + tokens);
    }
    length = tokens;
  }

  /** Counts tokens as held, once every layer has appended theirs. */
  void advance(int tokens) {
    length += tokens;
  }

  /**
   * Adds the keys and values of new tokens in one layer.
   *
   * @param key {@code [B, G, T, h]}
   * @param value {@code [B, G, T, h]}
   * @return keys and values of all tokens, {@code [B, G, length + T, h]}; views
   */
  NDList append(int layer, NDArray key, NDArray value) {
    NDArray allKeys = append(keys, layer, key);
    NDArray allValues = append(values, layer, value);
    NDIndex held = new NDIndex().addAllDim(2).addSliceDim(0, length + key.getShape().get(2));
    return new NDList(allKeys.get(held), allValues.get(held));
  }

  private NDArray append(List<NDArray> arrays, int layer, NDArray added) {
    long end = length + added.getShape().get(2);
    if (layer == arrays.size()) {
      arrays.add(grown(added, end));
    }
    NDArray array = arrays.get(layer);
    if (array.getShape().get(2) < end) {
      NDArray larger = grown(added, end);
      NDIndex held = new NDIndex().addAllDim(2).addSliceDim(0, length);
      if (length > 0) {
        larger.set(held, array.get(held));
      }
      array.close();
      arrays.set(layer, larger);
      array = larger;
    }
    array.set(new NDIndex().addAllDim(2).addSliceDim(length, end), added);
    return array;
  }

  private NDArray grown(NDArray like, long tokens) {
    long capacity = Math.max(FIRST_CAPACITY, Long.highestOneBit(2 * tokens - 1));
    Shape shape = like.getShape();
    NDArray array =
        manager.create(
            new Shape(shape.get(0), shape.get(1), capacity, shape.get(3)), like.getDataType());
    NDScope.unregister(array);
    return array;
  }

  @Override
  public void close() {
    manager.close();
  }
}
