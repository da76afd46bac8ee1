package dev.varve.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

final class GratefulDeadTest {

  @Test
  void wholeGraphIsRead() {
    GratefulDead graph = GratefulDead.read();
    assertThat(graph.vertices())
        .hasSize(808)
        .contains(
            Map.of(
                "id", "1",
                "labelV", "song",
                "name", "HEY BO DIDDLEY",
                "songType", "cover",
                "performances", 5L));
    assertThat(graph.edges()).hasSize(8049).allMatch(edge -> edge.containsKey("labelE"));
  }
}
