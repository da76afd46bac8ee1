package dev.varve.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.graph.ElementHash;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FingerprintTest {

  private static final BigInteger MODULUS = BigInteger.ONE.shiftLeft(128);

  @Test
  void isTheSumModulo128Bits() {
    Random random = new Random(11);
    Fingerprint fingerprint = Fingerprint.EMPTY;
    BigInteger expected = BigInteger.ZERO;
    for (int i = 0; i < 1_000; i++) {
      ElementHash hash = new ElementHash(random.nextLong(), random.nextLong());
      BigInteger number = new BigInteger(hash.toString(), 16);
      if (random.nextInt(3) == 0) {
        fingerprint = fingerprint.minus(hash);
        expected = expected.subtract(number).mod(MODULUS);
      } else {
        fingerprint = fingerprint.plus(hash);
        expected = expected.add(number).mod(MODULUS);
      }
      assertThat(new BigInteger(fingerprint.toString(), 16)).isEqualTo(expected);
    }
  }

  @Test
  void doesNotDependOnOrder() {
    Random random = new Random(12);
    List<ElementHash> hashes = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      hashes.add(new ElementHash(random.nextLong(), random.nextLong()));
    }
    Fingerprint one = sum(hashes);
    Collections.shuffle(hashes, random);
    assertThat(sum(hashes)).isEqualTo(one);
  }

  @Test
  void seesAnElementThatIsThereTwice() {
    ElementHash hash = new ElementHash(3, 4);
    assertThat(sum(List.of(hash, hash))).isNotEqualTo(Fingerprint.EMPTY);
    assertThat(sum(List.of(hash, hash))).isNotEqualTo(sum(List.of(hash)));
  }

  @Test
  void readsWhatItPrints() {
    Fingerprint fingerprint = new Fingerprint(-1, 5);
    assertThat(Fingerprint.parse(fingerprint.toString())).isEqualTo(fingerprint);
    assertThatThrownBy(() -> Fingerprint.parse("xyz")).hasMessageContaining("'xyz'");
  }

  private static Fingerprint sum(List<ElementHash> hashes) {
    Fingerprint sum = Fingerprint.EMPTY;
    for (ElementHash hash : hashes) {
      sum = sum.plus(hash);
    }
    return sum;
  }
}
