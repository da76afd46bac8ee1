package dev.varve.graph;

import java.nio.charset.StandardCharsets;

/** Whole numbers as {@link Long#toString} writes them, straight into bytes. */
public final class Decimals {

  /** No number is longer. */
  public static final int LONGEST_BYTES = 20;

  private static final byte[] LEAST =
      Long.toString(Long.MIN_VALUE).getBytes(StandardCharsets.US_ASCII);
  private static final long[] POWERS = new long[19];
  private static final byte[] PAIRS = new byte[200];
  private static final int EIGHT_DIGITS = 100_000_000;

  static {
    long power = 1;
    for (int i = 0; i < POWERS.length; i++) {
      POWERS[i] = power;
      power *= 10;
    }
    for (int i = 0; i < 100; i++) {
      PAIRS[2 * i] = (byte) ('0' + i / 10);
      PAIRS[2 * i + 1] = (byte) ('0' + i % 10);
    }
  }

  private Decimals() {}

  /** How many bytes a number takes. */
  public static int length(long number) {
    if (number < 0) {
      return number == Long.MIN_VALUE ? LEAST.length : 1 + length(-number);
    }
    // one digit for log2(10) bits, or one more
    int digits = (Long.SIZE - Long.numberOfLeadingZeros(number | 1)) * 1233 >> 12;
    return digits < POWERS.length && number >= POWERS[digits] || digits == 0 ? digits + 1 : digits;
  }

  /**
   * Writes a number.
   *
   * @param length what {@link #length} says
   */
  public static void write(long number, int length, byte[] out, int from) {
    if (number == Long.MIN_VALUE) {
      System.arraycopy(LEAST, 0, out, from, LEAST.length);
      return;
    }
    if (number < 0) {
      out[from] = '-';
    }
    long rest = Math.abs(number);
    int at = from + length;
    while (rest >= EIGHT_DIGITS) {
      long above = rest / EIGHT_DIGITS;
      int eight = (int) (rest - above * EIGHT_DIGITS);
      rest = above;
      for (int i = 0; i < 4; i++) {
        at = pair(eight % 100, out, at);
        eight /= 100;
      }
    }
    int left = (int) rest;
    for (; left >= 10; left /= 100) {
      at = pair(left % 100, out, at);
    }
    if (left > 0 || number == 0) {
      out[at - 1] = (byte) ('0' + left);
    }
  }

  private static int pair(int two, byte[] out, int at) {
    out[at - 2] = PAIRS[2 * two];
    out[at - 1] = PAIRS[2 * two + 1];
    return at - 2;
  }
}
