package dev.varve.cdc.age;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;

final class SlotStatusTest {

  private static final long MIB = 1 << 20;

  private static SlotStatus slot(String walStatus, long heldBack, Optional<Long> limit) {
    return new SlotStatus("s", "d", "pgoutput", false, walStatus, heldBack, limit);
  }

  @Test
  void moreThanHalfOfTheNearestLimitIsTooMuch() {
    SlotStatus slot = slot("reserved", 60 * MIB, Optional.of(200 * MIB));
    assertThat(slot.nearLimit()).isFalse();
    assertThat(slot.heldBack()).isEqualTo("60 MiB of the log, 30 % of the limit of 200 MiB");
    assertThat(slot.within(Optional.of(100 * MIB)).nearLimit()).isTrue();
    assertThat(slot.within(Optional.of(120 * MIB)).nearLimit()).isFalse();
    assertThat(slot.within(Optional.of(900 * MIB)).limitBytes()).contains(200 * MIB);
    assertThat(slot.within(Optional.empty())).isEqualTo(slot);
  }

  @Test
  void withoutAnyLimitOnlyTheServersOwnWordIsTooMuch() {
    SlotStatus slot = slot("extended", 60_000 * MIB, Optional.empty());
    assertThat(slot.nearLimit()).isFalse();
    assertThat(slot.heldBack()).isEqualTo("60,000 MiB of the log, no limit");
    assertThat(slot.within(Optional.of(MIB)).nearLimit()).isTrue();
    assertThat(slot("unreserved", 0, Optional.empty()).nearLimit()).isTrue();
    assertThat(slot("lost", 0, Optional.of(MIB)).nearLimit()).isTrue();
  }
}
