package dev.varve.compact;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.archive.Chain;
import dev.varve.archive.Manifest;
import dev.varve.archive.RememberedEntries;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a round of housekeeping asks of a repository. */
class HousekeeperRequestsTest {

  /** Lists, and the question for uploads that never ended. */
  private static final int IDLE_ROUND_MAX = 12;

  @TempDir Path directory;

  private final MemoryRepository repository = new MemoryRepository();
  private final CountingRepository counting = new CountingRepository(repository);
  private Lab lab = new Lab(5, Path.of("unset"));

  @AfterEach
  void tearDown() {
    lab.close();
  }

  @Test
  void aRoundWithNothingToDoAsksTheSameOfAShortChainAndALongOne() throws Exception {
    assertThat(idleRound(10)).isEqualTo(idleRound(150)).isLessThanOrEqualTo(IDLE_ROUND_MAX);
  }

  private int idleRound(int deltas) throws Exception {
    lab.close();
    repository.list("", "").forEach(object -> repository.delete(object.key()));
    lab = new Lab(5, directory.resolve("" + deltas));
    lay(deltas);
    try (Housekeeper housekeeper = housekeeper()) {
      counting.reset();
      housekeeper.round();
      assertThat(housekeeper.status().trouble()).isEmpty();
      assertThat(counting.entriesRead).as("each once").hasValue(deltas + 1);
      counting.reset();
      housekeeper.round();
      assertThat(counting.entriesRead).hasValue(0);
      return counting.requests.get();
    }
  }

  @Test
  void aRoundReadsWhatHasComeSinceTheLastAndNoMore() throws Exception {
    lab = new Lab(6, directory);
    Lab.Writer writer = lay(20);
    try (Housekeeper housekeeper = housekeeper()) {
      housekeeper.round();
      lab.graph.change(1, 2);
      writer.layDown();
      lab.graph.change(1, 2);
      writer.layDown();
      counting.reset();
      housekeeper.round();
      assertThat(counting.entriesRead).hasValue(2);
    }
  }

  @Test
  void whatExpiredIsForgotten() throws Exception {
    lab = new Lab(7, directory);
    lay(6);
    Checkpoint.make(repository, Lab.GRAPH);
    ExpirePlan.Policy policy =
        new ExpirePlan.Policy(Optional.of(1), Optional.empty(), Optional.empty(), Duration.ZERO);
    try (Housekeeper housekeeper =
        lab.housekeeper(counting, MergePlan.Policy.USUAL.keepingAll(), policy, lab.clock())) {
      housekeeper.round();
      assertThat(housekeeper.status().objectsRemoved()).isPositive();
      counting.reset();
      housekeeper.round();
      assertThat(counting.entriesRead.get()).as("the ledgers that are new").isLessThanOrEqualTo(2);
      counting.reset();
      housekeeper.round();
      assertThat(counting.entriesRead).hasValue(0);
    }
    Restored.check(repository, Lab.GRAPH, lab.graph);
  }

  @Test
  void anEntryThatWasReplacedIsReadAgain() throws Exception {
    lab = new Lab(8, directory);
    lay(3);
    RememberedEntries remembered = new RememberedEntries(counting, 1 << 20);
    Chain before = Chain.load(remembered, Lab.GRAPH);
    String key = before.links().get(1).manifest().key();
    repository.advance(Duration.ofSeconds(1));
    byte[] garbage = "{}".getBytes(java.nio.charset.StandardCharsets.UTF_8);
    repository.delete(key);
    repository.create(key, garbage);
    assertThat(Chain.load(remembered, Lab.GRAPH).damage())
        .singleElement()
        .satisfies(damage -> assertThat(damage.key()).isEqualTo(key));
    counting.reset();
    Chain.load(remembered, Lab.GRAPH);
    assertThat(counting.entriesRead).as("damage is not remembered").hasValue(1);
  }

  @Test
  void whatFindsNoRoomIsReadEachTime() throws Exception {
    lab = new Lab(9, directory);
    lay(9);
    Manifest one = Chain.load(repository, Lab.GRAPH).links().get(5).manifest();
    long room = repository.sizeBytes(one.key()).orElseThrow() * 2;
    RememberedEntries remembered = new RememberedEntries(counting, room);
    Chain all = Chain.load(remembered, Lab.GRAPH);
    counting.reset();
    assertThat(Chain.load(remembered, Lab.GRAPH)).isEqualTo(all);
    assertThat(counting.entriesRead.get()).isBetween(5, 9);
  }

  private Housekeeper housekeeper() {
    return lab.housekeeper(
        counting, MergePlan.Policy.USUAL.keepingAll(), ExpirePlan.Policy.EVERYTHING, lab.clock());
  }

  private Lab.Writer lay(int deltas) throws IOException {
    lab.graph.scan(20);
    Lab.Writer writer = lab.writer(repository, 1);
    writer.layDown();
    for (int i = 0; i < deltas; i++) {
      lab.graph.change(1, 2);
      writer.layDown();
    }
    return writer;
  }
}
