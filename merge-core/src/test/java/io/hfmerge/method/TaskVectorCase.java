package io.hfmerge.method;

import io.hfmerge.tensor.DType;
import io.hfmerge.tensor.Shape;
import io.hfmerge.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * One merge of thinned-out task vectors, and its result computed in scalar doubles straight from
 * the formulas. The base is input 0.
 */
record TaskVectorCase(
    String method,
    Shape shape,
    List<Model> models,
    double lambda,
    boolean normalize,
    boolean rescale,
    boolean unweighted,
    Compatibility compatibility,
    long seed) {

  record Model(double weight, double density, double gamma, double epsilon) {}

  boolean consensus() {
    return method.equals("ties") || method.equals("della") || method.endsWith("_ties");
  }

  MergeMethod mergeMethod() {
    return MergeMethods.installed().find(method).orElseThrow();
  }

  TensorContext context() {
    Map<String, Double> global = new HashMap<>();
    global.put("lambda", lambda);
    global.put("normalize", normalize ? 1.0 : 0.0);
    global.put("rescale", rescale ? 1.0 : 0.0);
    global.put("int8_mask", 0.0);
    global.put("election", unweighted ? 1.0 : 0.0);
    global.put("trim", 0.0);
    List<Map<String, Double>> perModel = new ArrayList<>();
    perModel.add(Map.of());
    List<String> references = new ArrayList<>();
    references.add("base");
    for (Model model : models) {
      references.add(reference(perModel.size()));
      perModel.add(
          Map.of(
              "weight", model.weight(),
              "density", model.density(),
              "gamma", model.gamma(),
              "epsilon", model.epsilon()));
    }
    return new TensorContext(
        new TensorSpec("layers.0.weight", DType.F32, shape),
        references,
        0,
        new TensorParameters(global, perModel),
        compatibility,
        seed);
  }

  private static String reference(int input) {
    return "org/model-" + input;
  }

  float[] merge(float[][] inputs, int tile) {
    return MergeRun.merge(mergeMethod(), context(), inputs, tile);
  }

  /** The result by the formulas. */
  double[] expected(float[][] inputs) {
    int n = inputs[0].length;
    double[][] kept = new double[models.size()][];
    for (int i = 0; i < kept.length; i++) {
      kept[i] = kept(i, inputs[i + 1], inputs[0]);
    }
    double sumOfWeights = models.stream().mapToDouble(Model::weight).sum();
    double[] result = new double[n];
    for (int e = 0; e < n; e++) {
      double base = inputs[0][e];
      double[] v = new double[kept.length];
      double vote = 0;
      for (int i = 0; i < v.length; i++) {
        double delta = (double) inputs[i + 1][e] - base;
        v[i] = models.get(i).weight() * kept[i][e] * delta;
        vote += unweighted ? kept[i][e] * delta : v[i];
      }
      double sum = 0;
      double q = 0;
      for (int i = 0; i < v.length; i++) {
        double voice = unweighted ? v[i] * Math.signum(models.get(i).weight()) : v[i];
        boolean in = !consensus() || (vote >= 0 ? voice > 0 : voice < 0);
        sum += Double.isFinite(v[i]) && !in ? 0 : in ? v[i] : Double.NaN;
        q += in ? models.get(i).weight() : 0;
      }
      if (!consensus()) {
        q = Math.abs(sumOfWeights) < 1e-8 ? 1 : sumOfWeights;
      } else if (q == 0) {
        q = 1;
      }
      result[e] = base + lambda * sum / (normalize ? q : 1);
    }
    return result;
  }

  /** Factor of each entry, 0 where it is dropped. */
  private double[] kept(int i, float[] x, float[] base) {
    Model model = models.get(i);
    int n = x.length;
    float[] d = new float[n];
    for (int e = 0; e < n; e++) {
      d[e] = x[e] - base[e];
    }
    double[] kept = new double[n];
    if (model.density() >= 1) {
      Arrays.fill(kept, 1);
      return kept;
    }
    boolean mergekit = compatibility == Compatibility.MERGEKIT;
    boolean match = rescale;
    if (method.equals("ties")) {
      long k = model.density() == 0 ? 0 : Math.max(1, (long) Math.floor(model.density() * n));
      largest(d, 0, k, kept);
    } else if (method.startsWith("breadcrumbs")) {
      long t = (long) Math.floor(model.density() * n);
      t = mergekit || model.density() == 0 ? t : Math.min(n, Math.max(t, 1));
      long top = (long) Math.floor(model.gamma() * n);
      long bottom = n - t - top;
      if (bottom < 0) {
        top += bottom;
      }
      largest(d, top, mergekit && top == 0 ? 0 : t, kept);
    } else {
      ScalarRandom random = new ScalarRandom(seed, reference(i + 1), "layers.0.weight");
      double[] p = method.startsWith("dare") ? new double[n] : byRank(d, model);
      for (int e = 0; e < n; e++) {
        double probability = method.startsWith("dare") ? model.density() : p[e];
        boolean stays = random.word(e) < Math.floor(probability * 0x1p32);
        kept[e] = !stays ? 0 : rescale && !mergekit ? 1 / probability : 1;
      }
      match = rescale && mergekit;
    }
    if (match) {
      double all = 0;
      double left = 0;
      for (int e = 0; e < n; e++) {
        all += Math.abs((double) x[e] - base[e]);
        left += Math.abs(kept[e] * ((double) x[e] - base[e]));
      }
      if (!(all < 1e-7) && !(left < 1e-7)) {
        for (int e = 0; e < n; e++) {
          kept[e] *= all / left;
        }
      }
    }
    return kept;
  }

  private static int magnitude(float value) {
    return Float.floatToRawIntBits(value) & Integer.MAX_VALUE;
  }

  /** Indices by descending magnitude, equal ones ascending. */
  private static int[] descending(float[] d) {
    return IntStream.range(0, d.length)
        .boxed()
        .sorted(Comparator.comparingInt((Integer e) -> -magnitude(d[e])))
        .mapToInt(e -> e)
        .toArray();
  }

  private static void largest(float[] d, long from, long count, double[] kept) {
    int[] order = descending(d);
    for (long rank = from; rank < Math.min(d.length, from + count); rank++) {
      kept[order[(int) rank]] = 1;
    }
  }

  private double[] byRank(float[] d, Model model) {
    int row =
        switch (shape.rank()) {
          case 0 -> 1;
          case 1 -> d.length;
          default -> (int) shape.dimension(1);
        };
    int stride = 1;
    for (int i = 2; i < shape.rank(); i++) {
      stride *= (int) shape.dimension(i);
    }
    double[] p = new double[d.length];
    for (int e = 0; e < d.length; e++) {
      int first = e - e / stride % row * stride;
      int smaller = 0;
      for (int j = 0; j < row; j++) {
        int other = first + j * stride;
        boolean before = magnitude(d[other]) < magnitude(d[e]);
        smaller += before || (magnitude(d[other]) == magnitude(d[e]) && other < e) ? 1 : 0;
      }
      double u = row == 1 ? 0.5 : smaller / (row - 1.0);
      p[e] = model.density() == 0 ? 0 : model.density() - model.epsilon() + 2 * model.epsilon() * u;
    }
    return p;
  }
}
