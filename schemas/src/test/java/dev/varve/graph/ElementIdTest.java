package dev.varve.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class ElementIdTest {

  @Test
  void decimalIdsComeInNumericOrder() {
    assertThat(
            List.of(ElementId.vertex("10"), ElementId.vertex("9"), ElementId.vertex("100")).stream()
                .sorted())
        .extracting(ElementId::id)
        .containsExactly("9", "10", "100");
  }

  @Test
  void readsWhatItPrints() {
    assertThat(ElementId.parse("e17")).isEqualTo(ElementId.edge("17"));
    assertThat(ElementId.parse(ElementId.vertex("a:b").toString()))
        .isEqualTo(ElementId.vertex("a:b"));
  }

  @Test
  void textThatIsNoIdIsRefused() {
    assertThatThrownBy(() -> ElementId.parse("v")).hasMessageContaining("'v'");
    assertThatThrownBy(() -> ElementId.parse("x1")).hasMessageContaining("got x");
  }
}
