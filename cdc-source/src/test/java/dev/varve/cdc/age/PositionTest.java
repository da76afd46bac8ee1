package dev.varve.cdc.age;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.graph.ElementKind;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class PositionTest {

  private static final Labels LABELS =
      Labels.of(
          List.of(
              new Label(1, ElementKind.VERTEX, "_ag_label_vertex", "_ag_label_vertex", false),
              new Label(3, ElementKind.VERTEX, "Käse, alt=1:2!", "Käse, alt=1:2!", true),
              new Label(70, ElementKind.EDGE, "!", "other \"table\"", false)));

  @Test
  void textComesBack() {
    Position within =
        new Position(0x16_B374D848L, Optional.of(0x16_B374D900L), 12, 1, 99, "ab12", LABELS);
    assertThat(Position.parse(within.text())).isEqualTo(within);
    Position between = new Position(1, Optional.empty(), 0, 2, 0, "", Labels.NONE);
    assertThat(Position.parse(between.text())).isEqualTo(between);
    assertThat(between.text()).isEqualTo("0/1::0:2:0::");
  }

  @Test
  void emptyTransactionBeforeTheOneInsideKeepsThePlaceInIt() {
    Position within = new Position(10, Optional.of(30L), 12, 1, 99, "", LABELS);
    assertThat(within.past(20, 99, LABELS).done()).isEqualTo(12);
    assertThat(within.past(40, 99, LABELS).whole()).isTrue();
  }
}
