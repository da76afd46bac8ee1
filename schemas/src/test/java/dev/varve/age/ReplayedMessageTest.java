package dev.varve.age;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class ReplayedMessageTest {

  @Test
  void textIsReadAgain() {
    ReplayedMessage message = new ReplayedMessage(4_294_967_295L); // the highest oid
    assertThat(message.text()).isEqualTo("replayed 4294967295");
    assertThat(ReplayedMessage.parse(message.text())).contains(message);
  }

  @Test
  void otherMessagesAreNone() {
    for (String other : new String[] {"", "replayed", "replayed x", "replayed 1 2", "end 1"}) {
      assertThat(ReplayedMessage.parse(other)).as(other).isEmpty();
    }
  }
}
