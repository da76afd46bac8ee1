package dev.varve.topology;

import dev.varve.graph.ElementHash;

/**
 * A graph's content in 128 bits: the sum, modulo 2^128, of the hashes of its elements, whatever
 * their order. Two graphs with the same elements have the same fingerprint.
 */
public record Fingerprint(long high, long low) {

  /** The fingerprint of the empty graph. */
  public static final Fingerprint EMPTY = new Fingerprint(0, 0);

  public Fingerprint plus(ElementHash hash) {
    long sum = low + hash.low();
    long carry = Long.compareUnsigned(sum, low) < 0 ? 1 : 0;
    return new Fingerprint(high + hash.high() + carry, sum);
  }

  public Fingerprint minus(ElementHash hash) {
    long borrow = Long.compareUnsigned(low, hash.low()) < 0 ? 1 : 0;
    return new Fingerprint(high - hash.high() - borrow, low - hash.low());
  }

  /** The sum of two parts of a graph. */
  public Fingerprint plus(Fingerprint other) {
    return plus(new ElementHash(other.high, other.low));
  }

  /** This fingerprint after a version has taken the place of the one it replaced. */
  public Fingerprint after(VersionHeader version) {
    if (version.lost()) {
      return this;
    }
    Fingerprint result = this;
    if (version.replaced().isPresent()) {
      result = result.minus(version.replaced().get());
    }
    return version.hash().isPresent() ? result.plus(version.hash().get()) : result;
  }

  /**
   * Reads 32 hexadecimal digits.
   *
   * @throws IllegalArgumentException if the text is not of this form
   */
  public static Fingerprint parse(String text) {
    if (!text.matches("[0-9a-f]{32}")) {
      throw new IllegalArgumentException("fingerprint must be 32 hex digits, got '" + text + "'");
    }
    return new Fingerprint(
        Long.parseUnsignedLong(text.substring(0, 16), 16),
        Long.parseUnsignedLong(text.substring(16), 16));
  }

  @Override
  public String toString() {
    return String.format("%016x%016x", high, low);
  }
}
