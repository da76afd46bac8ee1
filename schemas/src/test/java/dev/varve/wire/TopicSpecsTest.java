package dev.varve.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class TopicSpecsTest {

  private static final TopicSpecs SPECS = TopicSpecs.of("orders");

  @Test
  void tablesHaveAsManyPartitionsAsTheChanges() {
    assertThat(SPECS.vertices().partitions()).isEqualTo(SPECS.changes().partitions());
    assertThat(SPECS.edges().partitions()).isEqualTo(SPECS.changes().partitions());
  }

  @Test
  void compactionOfTheTablesCountsFromTheBrokersTime() {
    assertThat(SPECS.vertices().settings())
        .containsEntry("cleanup.policy", "compact")
        .containsEntry("min.compaction.lag.ms", Long.toString(Duration.ofDays(7).toMillis()))
        .containsEntry("message.timestamp.type", "LogAppendTime");
  }

  @Test
  void topicAsCreatedHasNoProblems() {
    for (TopicSpec spec : SPECS.all()) {
      assertThat(spec.problems(spec.partitions(), spec.settings())).isEmpty();
    }
  }

  @Test
  void operatorMayChangeWhatLosesNothing() {
    TopicSpec spec = SPECS.edges();
    Map<String, String> found = new HashMap<>(spec.settings());
    found.put("compression.type", "zstd");
    assertThat(spec.problems(spec.partitions(), found)).isEmpty();
  }

  @Test
  void tableThatForgetsByAgeIsAProblem() {
    TopicSpec spec = SPECS.edges();
    Map<String, String> found = new HashMap<>(spec.settings());
    found.put("cleanup.policy", "compact,delete");
    assertThat(spec.problems(spec.partitions(), found))
        .containsExactly(
            "varve.orders-edges-changelog has cleanup.policy=compact,delete, expected compact");
  }

  @Test
  void otherNumberOfPartitionsIsAProblem() {
    TopicSpec spec = SPECS.changes();
    assertThat(spec.problems(7, spec.settings()))
        .containsExactly("varve.orders.changes has 7 partitions, expected 4");
  }

  @Test
  void replicasAreCappedByTheBrokersUnlessAskedFor() {
    assertThat(SPECS.replicasAmong(1)).isEqualTo(1);
    assertThat(SPECS.fewerReplicasThanUsual(1)).isTrue();
    assertThat(SPECS.replicasAmong(5)).isEqualTo(3);
    TopicSpecs asked =
        new TopicSpecs(SPECS.topics(), 1, Optional.of(2), Duration.ofDays(1), "zstd");
    assertThat(asked.replicasAmong(1)).isEqualTo(2);
    assertThat(asked.fewerReplicasThanUsual(1)).isFalse();
  }
}
