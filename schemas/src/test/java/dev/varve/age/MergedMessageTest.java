package dev.varve.age;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class MergedMessageTest {

  @Test
  void textIsReadAgain() {
    MergedMessage message = new MergedMessage(4_294_967_295L, "age-1-26543104-26550000");
    assertThat(message.text()).isEqualTo("merged 4294967295 age-1-26543104-26550000");
    assertThat(MergedMessage.parse(message.text())).contains(message);
  }

  @Test
  void otherMessagesAreNone() {
    for (String other : new String[] {"", "merged", "merged 1", "merged x y", "replayed 1"}) {
      assertThat(MergedMessage.parse(other)).as(other).isEmpty();
    }
  }
}
