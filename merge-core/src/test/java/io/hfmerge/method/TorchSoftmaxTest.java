package io.hfmerge.method;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Bits of torch 2.13 on the CPU with {@code ATEN_CPU_CAPABILITY=avx512}: {@code
 * torch.softmax(torch.from_numpy(row), -1).numpy().view('int32')}, with rows in F32 of {@code ((37
 * i i + 11 i) % 257 - 128) step}.
 */
class TorchSoftmaxTest {

  private static float[] row(int length, float step) {
    float[] row = new float[length];
    for (int i = 0; i < length; i++) {
      row[i] = ((37 * i * i + 11 * i) % 257 - 128) * step;
    }
    return row;
  }

  private static int[] softmax(float... row) {
    // the row in the midst of others
    float[] values = new float[row.length + 7];
    Arrays.fill(values, 99);
    System.arraycopy(row, 0, values, 3, row.length);
    float[] shares = new float[row.length];
    TorchSoftmax.of(values, 3, shares);
    int[] bits = new int[row.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToIntBits(shares[i]);
    }
    return bits;
  }

  @Test
  void rowsShorterThanTheLanes() {
    assertThat(softmax(row(1, 1))).containsExactly(0x3f800000);
    assertThat(softmax(row(5, 0.0625f)))
        .containsExactly(0x37be16d4, 0x39eea0b0, 0x3f6eb7f8, 0x3ca8c475, 0x3d3e295f);
  }

  @Test
  void aRowLongerThanTheLanes() {
    assertThat(softmax(row(19, 0.0625f)))
        .containsExactly(
            0x34603bf9,
            0x368cbeed,
            0x3c0ccca8,
            0x39471522,
            0x39e051d9,
            0x3dc96ba8,
            0x397fa086,
            0x388143ea,
            0x3ad05cba,
            0x34ed5a1b,
            0x3df2f5a5,
            0x3eafc1b6,
            0x3733b419,
            0x3ea51bae,
            0x3dd6693a,
            0x34c4c58e,
            0x3aa245cd,
            0x383d251f,
            0x392fb092);
  }

  @Test
  void sharesThatAreSubnormal() {
    assertThat(softmax(row(6, 0.4375f)))
        .containsExactly(0x00021e89, 0x0ca69756, 0x3327093c, 0x1febe8ed, 0x2407fef7, 0x3f800000);
  }

  /** The hash is {@link Arrays#hashCode(int[])} of torch's bits. */
  @ParameterizedTest
  @CsvSource({
    "2, 0.0009765625, -548860843", "2, 0.03125, -932169041", "2, 0.4375, 423446267",
    "15, 0.0009765625, 366638031", "15, 0.03125, -2023189171", "15, 0.4375, 429886422",
    "16, 0.0009765625, 1690741670", "16, 0.03125, 2074563916", "16, 0.4375, -1284097476",
    "17, 0.0009765625, -480375323", "17, 0.03125, 550139117", "17, 0.4375, -570236468",
    "31, 0.0009765625, -477731653", "31, 0.03125, -1833088198", "31, 0.4375, -22977866",
    "32, 0.0009765625, -20767548", "32, 0.03125, -1030389851", "32, 0.4375, -18075733",
    "33, 0.0009765625, 611253529", "33, 0.03125, 1028681893", "33, 0.4375, 287625905",
    "64, 0.0009765625, 1171914127", "64, 0.03125, -334150428", "64, 0.4375, -746103560",
    "200, 0.0009765625, -1731185718", "200, 0.03125, -553870103", "200, 0.4375, -1317613916",
    "2048, 0.0009765625, 1009430174", "2048, 0.03125, 1760071897", "2048, 0.4375, 1655086171",
    "4096, 0.0009765625, -1023530458", "4096, 0.03125, -1935965028", "4096, 0.4375, -1288190080",
    "4099, 0.0009765625, 1832004315", "4099, 0.03125, 1995501591", "4099, 0.4375, 40198"
  })
  void rowsOfAllLengths(int length, float step, int hash) {
    assertThat(Arrays.hashCode(softmax(row(length, step)))).isEqualTo(hash);
  }

  @Test
  void nanAndInfinityMakeTheRowNan() {
    int nan = Float.floatToIntBits(Float.NaN);
    assertThat(softmax(1, Float.NaN, 2)).containsOnly(nan);
    assertThat(softmax(1, Float.POSITIVE_INFINITY, 2)).containsOnly(nan);
    assertThat(softmax(Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY)).containsOnly(nan);
    assertThat(softmax(0, Float.NEGATIVE_INFINITY, 0))
        .containsExactly(
            Float.floatToIntBits(0.5f), Float.floatToIntBits(0), Float.floatToIntBits(0.5f));
  }
}
