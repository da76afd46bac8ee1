package dev.varve.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DecimalsTest {

  @Test
  void numbersAreWrittenAsTheJdkWritesThem() {
    Random random = new Random(11);
    for (int i = 0; i < 100_000; i++) {
      long number = random.nextLong() >> random.nextInt(Long.SIZE);
      assertWritten(number);
      assertWritten(-number);
    }
    for (long number = -1_000; number <= 1_000; number++) {
      assertWritten(number);
    }
    for (long power = 1; power > 0 && power <= Long.MAX_VALUE / 10; power *= 10) {
      assertWritten(power - 1);
      assertWritten(power);
      assertWritten(power * 10);
      assertWritten(-power * 10);
    }
    assertWritten(Long.MIN_VALUE);
    assertWritten(Long.MAX_VALUE);
  }

  private static void assertWritten(long number) {
    int length = Decimals.length(number);
    byte[] bytes = new byte[length + 2];
    Decimals.write(number, length, bytes, 1);
    assertThat(new String(bytes, StandardCharsets.ISO_8859_1)).isEqualTo("\0" + number + "\0");
  }
}
