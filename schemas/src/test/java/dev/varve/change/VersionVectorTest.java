package dev.varve.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class VersionVectorTest {

  private final Site berlin = new Site("berlin", 1);
  private final Site paris = new Site("paris", 2);

  @Test
  void coversWhatIsAtOrBeforeTheNumber() {
    VersionVector vector = VersionVector.of(berlin, 7);
    assertThat(vector.covers(berlin, 7)).isTrue();
    assertThat(vector.covers(berlin, 8)).isFalse();
    assertThat(vector.covers(paris, 0)).isFalse();
    assertThat(vector.covers(new Dot(berlin, 6, 99))).isTrue();
  }

  @Test
  void anIncarnationIsAnotherSite() {
    assertThat(VersionVector.of(berlin, 7).covers(berlin.next(), 1)).isFalse();
  }

  @Test
  void unionIncludesBoth() {
    VersionVector one = VersionVector.of(berlin, 7).with(paris, 1);
    VersionVector other = VersionVector.of(paris, 4);
    VersionVector union = one.union(other);
    assertThat(union.includes(one)).isTrue();
    assertThat(union.includes(other)).isTrue();
    assertThat(union).isEqualTo(VersionVector.parse("berlin@1=7,paris@2=4"));
    assertThat(union.weight()).isEqualTo(11);
  }

  @Test
  void readsWhatItPrints() {
    VersionVector vector = VersionVector.of(berlin, 7).with(paris, 4);
    assertThat(VersionVector.parse(vector.toString())).isEqualTo(vector);
    assertThat(VersionVector.parse("")).isEqualTo(VersionVector.EMPTY);
  }

  @Test
  void textThatIsNoVectorIsRefused() {
    assertThatThrownBy(() -> VersionVector.parse("berlin")).hasMessageContaining("'berlin'");
    assertThatThrownBy(() -> VersionVector.parse("berlin@1=x")).hasMessageContaining("site=seq");
    assertThatThrownBy(() -> VersionVector.parse("ber lin@1=1")).hasMessageContaining("site name");
  }
}
