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
        new Position(
            0x16_B374D848L,
            Optional.of(0x16_B374D900L),
            12,
            1,
            99,
            "ab12",
            Optional.of(0x16_B374D000L),
            0x16_B374C000L,
            LABELS);
    assertThat(Position.parse(within.text())).isEqualTo(within);
    Position between =
        new Position(1, Optional.empty(), 0, 2, 0, "", Optional.empty(), 1, Labels.NONE);
    assertThat(Position.parse(between.text())).isEqualTo(between);
    assertThat(between.text()).isEqualTo("0/1::0:2:0:::0/1:");
  }

  @Test
  void textWithoutWhatCameLaterIsRead() {
    Position open = Position.parse("16/B374D848::0:1:99:ab12:" + LABELS.text());
    assertThat(open.labels()).isEqualTo(LABELS);
    assertThat(open.openSince()).contains(0x16_B374D848L);
    assertThat(open.fullUntil()).isEqualTo(0x16_B374D848L);
    assertThat(Position.parse("0/1::0:2:0::").openSince()).isEmpty();
  }

  @Test
  void emptyTransactionBeforeTheOneInsideKeepsThePlaceInIt() {
    Position within = new Position(10, Optional.of(30L), 12, 1, 99, "", Optional.of(5L), 4, LABELS);
    assertThat(within.past(20, 99, LABELS).done()).isEqualTo(12);
    assertThat(within.past(40, 99, LABELS).whole()).isTrue();
  }
}
