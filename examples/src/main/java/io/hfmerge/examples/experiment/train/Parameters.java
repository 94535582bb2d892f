package io.hfmerge.examples.experiment.train;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Trainable arrays of DJL's PyTorch engine. Owns them; closing frees them and everything made with
 * {@link #constant}.
 */
public final class Parameters implements AutoCloseable {

  private static final String ENGINE = "PyTorch";

  static {
    EngineThreads.one();
  }

  private final NDManager manager;
  private final DataType type;
  private final List<NDArray> arrays = new ArrayList<>();

  /**
   * None yet.
   *
   * @param device that holds them
   * @param type FLOAT64 where numbers are compared with theory, FLOAT32 where speed counts
   */
  public Parameters(Device device, DataType type) {
    this.manager = NDManager.newBaseManager(device, ENGINE);
    this.type = type;
  }

  /** Adds a trainable array with these values, row-major. */
  public NDArray add(double[] values, Shape shape) {
    NDArray array = constant(values, shape);
    array.setRequiresGradient(true);
    arrays.add(array);
    return array;
  }

  /** Adds a trainable array of independent normal values. */
  public NDArray addNormal(RandomGenerator random, double deviation, long... shape) {
    Shape wanted = new Shape(shape);
    return add(normal(random, deviation, Math.toIntExact(wanted.size())), wanted);
  }

  /** Adds a trainable array of one value everywhere. */
  public NDArray addFilled(double value, long... shape) {
    Shape wanted = new Shape(shape);
    double[] values = new double[Math.toIntExact(wanted.size())];
    java.util.Arrays.fill(values, value);
    return add(values, wanted);
  }

  /** Independent normal values. */
  public static double[] normal(RandomGenerator random, double deviation, int count) {
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = deviation * random.nextGaussian();
    }
    return values;
  }

  /** An array that is not trained, of the same type and on the same device. */
  public NDArray constant(double[] values, Shape shape) {
    if (type == DataType.FLOAT64) {
      return manager.create(values, shape);
    }
    float[] narrow = new float[values.length];
    for (int i = 0; i < narrow.length; i++) {
      narrow[i] = (float) values[i];
    }
    return manager.create(narrow, shape);
  }

  /** An array of the same type that is not trained and not initialised by values. */
  NDArray zerosLike(NDArray array) {
    return manager.zeros(array.getShape(), type);
  }

  /** Whole numbers, such as token ids or classes. */
  public NDArray integers(long[] values, Shape shape) {
    return manager.create(values, shape);
  }

  /** The trainable arrays, in the order in which they were added. */
  public List<NDArray> all() {
    return Collections.unmodifiableList(arrays);
  }

  /** The i-th trainable array. */
  public NDArray get(int i) {
    return arrays.get(i);
  }

  /** Values of an array, row-major. */
  public static double[] values(NDArray array) {
    if (array.getDataType() == DataType.FLOAT64) {
      return array.toDoubleArray();
    }
    float[] narrow = array.toFloatArray();
    double[] values = new double[narrow.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = narrow[i];
    }
    return values;
  }

  /** Replaces the values of an array of this type. */
  void set(NDArray array, double[] values) {
    try (NDArray source = constant(values, array.getShape())) {
      array.muli(0).addi(source);
    }
  }

  @Override
  public void close() {
    manager.close();
  }
}
