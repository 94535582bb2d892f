package io.hfmerge.method;

import static org.assertj.core.api.Assertions.assertThat;

import io.hfmerge.method.SelectionPass.Wanted;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Cuts against sorting everything. */
class SelectionPassTest {

  private static final long SEED = 20261122;

  private static final int[] LENGTHS = {
    1, 2, 3, 7, 64, 65, 1023, 1024, 1025, 4096, 4097, 5000, 70_001, 150_000
  };

  /** What differences look like. */
  enum Values {
    GAUSSIAN {
      @Override
      float at(int i, int length, Random random) {
        return (float) random.nextGaussian();
      }
    },
    BFLOAT16 {
      @Override
      float at(int i, int length, Random random) {
        int bits = Float.floatToRawIntBits((float) random.nextGaussian() * 1e-3f);
        return Float.intBitsToFloat(bits & 0xffff0000);
      }
    },
    /** Halves of everything are equal. */
    FEW_MAGNITUDES {
      @Override
      float at(int i, int length, Random random) {
        return (random.nextBoolean() ? -1 : 1) * random.nextInt(3) * 0x1p-14f;
      }
    },
    TWO_MAGNITUDES_SIDE_BY_SIDE {
      @Override
      float at(int i, int length, Random random) {
        return random.nextBoolean() ? 1 : Math.nextUp(1f);
      }
    },
    ALL_EQUAL {
      @Override
      float at(int i, int length, Random random) {
        return -0.25f;
      }
    },
    MOSTLY_ZERO {
      @Override
      float at(int i, int length, Random random) {
        return random.nextInt(20) == 0 ? (float) random.nextGaussian() : -0f;
      }
    },
    ALL_ZERO {
      @Override
      float at(int i, int length, Random random) {
        return 0;
      }
    },
    ASCENDING {
      @Override
      float at(int i, int length, Random random) {
        return i;
      }
    },
    ROWS_OF_DIFFERENT_SCALE {
      @Override
      float at(int i, int length, Random random) {
        return (float) (random.nextGaussian() * Math.exp(3 * Math.sin(i / 1024)));
      }
    },
    /** Large where no sample looks but one in many. */
    MISLEADING {
      @Override
      float at(int i, int length, Random random) {
        SampleSearch sample = new SampleSearch(1, length);
        boolean looked = sample.firstWanted(i / 1024 * 1024) == i / 1024 * 1024;
        return (looked ? 1 : 1000) + random.nextFloat();
      }
    },
    NOT_FINITE {
      @Override
      float at(int i, int length, Random random) {
        return switch (random.nextInt(6)) {
          case 0 -> Float.NaN;
          case 1 -> Float.NEGATIVE_INFINITY;
          case 2 -> Float.intBitsToFloat(Integer.MAX_VALUE);
          default -> (float) random.nextGaussian();
        };
      }
    },
    TINY {
      @Override
      float at(int i, int length, Random random) {
        return random.nextInt(200) * Float.MIN_VALUE;
      }
    };

    abstract float at(int i, int length, Random random);
  }

  @ParameterizedTest
  @EnumSource
  void cutsWhereSortingDoes(Values values) {
    for (int length : LENGTHS) {
      Random random = new Random(SEED + length);
      float[][] inputs = new float[3][length];
      for (int i = 0; i < length; i++) {
        inputs[1][i] = values.at(i, length, random);
        inputs[2][i] = values.at(i, length, random);
      }
      List<Wanted> wanted = new ArrayList<>();
      for (long rank : new long[] {0, 1, 2, length / 5, length / 2, length - 1, length}) {
        wanted.add(new Wanted(1, Math.min(rank, length)));
        wanted.add(new Wanted(2, Math.min(rank, length)));
      }
      List<Cut> cuts = find(wanted, inputs, length);
      int[][] order = {{}, order(inputs[1]), order(inputs[2])};
      for (int i = 0; i < wanted.size(); i++) {
        Wanted each = wanted.get(i);
        assertThat(marks(cuts.get(i), inputs[each.model()]))
            .as("%s of %d: %s", values, length, each)
            .isEqualTo(expected(order[each.model()], inputs[each.model()], (int) each.rank()));
      }
    }
  }

  private static List<Cut> find(List<Wanted> wanted, float[][] inputs, int length) {
    List<Cut> cuts = new ArrayList<>();
    TileKernel nothing = (tiles, out, tile, first) -> {};
    TensorMerge first =
        SelectionPass.find(
            0,
            wanted,
            length,
            found -> {
              cuts.addAll(found);
              return nothing;
            });
    MergeRun.run(first, inputs, length, 1024);
    return cuts;
  }

  private static int[] order(float[] values) {
    return IntStream.range(0, values.length)
        .boxed()
        .sorted(Comparator.comparingInt((Integer i) -> -bits(values[i])))
        .mapToInt(i -> i)
        .toArray();
  }

  private static int bits(float value) {
    return Float.floatToRawIntBits(value) & Integer.MAX_VALUE;
  }

  private static int[] expected(int[] order, float[] values, int rank) {
    int[] marks = new int[values.length];
    for (int i = 0; i < rank; i++) {
      marks[order[i]] = values[order[i]] == 0 ? 0 : 1;
    }
    return marks;
  }

  /** Marked in tiles of an awkward length. */
  private static int[] marks(Cut cut, float[] values) {
    int[] marks = new int[values.length];
    for (int start = 0; start < values.length; start += 777) {
      int end = Math.min(values.length, start + 777);
      int[] bits = new int[end - start];
      for (int i = start; i < end; i++) {
        bits[i - start] = Float.floatToRawIntBits(values[i]);
      }
      int[] part = new int[end - start];
      cut.mark(bits, part.length, start, part);
      System.arraycopy(part, 0, marks, start, part.length);
    }
    return marks;
  }
}
