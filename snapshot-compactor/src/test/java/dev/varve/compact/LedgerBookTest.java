package dev.varve.compact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.archive.Chain;
import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.EntryJson;
import dev.varve.archive.Keys;
import dev.varve.archive.Ledger;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.compact.FaultyRepository.Fault;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.StoreSchema;
import dev.varve.tail.Insistence;
import dev.varve.tail.Retry;
import dev.varve.topology.Fingerprint;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LedgerBookTest {

  private static final Site SITE = new Site("neo4j", 1);
  private static final Manifest.Writer WRITER = new Manifest.Writer("test", "0");

  @TempDir Path directory;
  private Repository repository = new DirectoryRepository(Path.of("unset"));

  @BeforeEach
  void lay() throws Exception {
    repository = new DirectoryRepository(directory.resolve("repository"));
    snapshot(Manifest.Kind.BASE, 0, 10);
    snapshot(Manifest.Kind.DELTA, 10, 20);
  }

  @Test
  void aChangeIsTheNextEntryOfTheChain() throws Exception {
    Ledger first = mark(repository, "a");
    Ledger second = mark(repository, "b");
    assertThat(first.number()).isEqualTo(3);
    assertThat(second.number()).isEqualTo(4);
    Chain chain = load();
    assertThat(chain.damage()).isEmpty();
    assertThat(chain.ledger()).contains(second);
    assertThat(chain.restorePoints())
        .extracting(Ledger.RestorePoint::name)
        .containsExactly("a", "b");
  }

  @Test
  void whatChangesNothingIsNotWritten() throws Exception {
    Ledger ledger = mark(repository, "a");
    assertThat(book(repository).update("g", LedgerBook.Unknown.REFUSE, (newest, chain) -> newest))
        .isEqualTo(ledger);
    assertThat(load().tip()).hasValueSatisfying(tip -> assertThat(tip.number()).isEqualTo(3));
  }

  @Test
  void behindASnapshotThatCameFirstItIsNotDecidedAgain() throws Exception {
    AtomicInteger decisions = new AtomicInteger();
    Ledger ledger =
        book(repository)
            .update(
                "g",
                LedgerBook.Unknown.REFUSE,
                (newest, chain) -> {
                  decisions.incrementAndGet();
                  snapshot(Manifest.Kind.DELTA, 20, 30);
                  snapshot(Manifest.Kind.DELTA, 30, 40);
                  return marked(newest, "a");
                });
    assertThat(decisions).hasValue(1);
    assertThat(ledger.number()).isEqualTo(5);
    assertThat(load().damage()).isEmpty();
  }

  @Test
  void afterAnotherLedgerItIsDecidedAgain() throws Exception {
    AtomicInteger decisions = new AtomicInteger();
    Ledger ledger =
        book(repository)
            .update(
                "g",
                LedgerBook.Unknown.REFUSE,
                (newest, chain) -> {
                  if (decisions.incrementAndGet() == 1) {
                    mark(repository, "other");
                  }
                  return marked(newest, "a");
                });
    assertThat(decisions).hasValue(2);
    assertThat(ledger.number()).isEqualTo(4);
    assertThat(load().restorePoints()).hasSize(2);
  }

  @Test
  void whoeverIsNeverFirstGivesUp() {
    AtomicInteger others = new AtomicInteger();
    assertThatThrownBy(
            () ->
                book(repository)
                    .update(
                        "g",
                        LedgerBook.Unknown.REFUSE,
                        (newest, chain) -> {
                          mark(repository, "other-" + others.incrementAndGet());
                          return marked(newest, "a");
                        }))
        .isInstanceOf(VarveException.class)
        .hasMessageContaining("by others");
  }

  @Test
  void anAnswerThatGotLostIsKnownForItsOwn() throws Exception {
    Repository faulty =
        new FaultyRepository(
            repository, creation -> creation == 1 ? Fault.ANSWER_LOST : Fault.NONE);
    Ledger ledger = mark(faulty, "a");
    assertThat(ledger.number()).isEqualTo(3);
    Chain chain = load();
    assertThat(chain.ledger()).contains(ledger);
    assertThat(chain.tip()).hasValueSatisfying(tip -> assertThat(tip.number()).isEqualTo(3));
  }

  @Test
  void theSameChangeByTwoIsNotTakenForItsOwn() throws Exception {
    AtomicInteger decisions = new AtomicInteger();
    book(repository)
        .update(
            "g",
            LedgerBook.Unknown.REFUSE,
            (newest, chain) -> {
              if (decisions.incrementAndGet() == 1) {
                mark(repository, "a");
              }
              return chain.restorePoints().isEmpty() ? marked(newest, "a") : newest;
            });
    assertThat(decisions).hasValue(2);
    assertThat(load().tip()).hasValueSatisfying(tip -> assertThat(tip.number()).isEqualTo(3));
  }

  @Test
  void aNumberThatExpiredMeanwhileIsNotTakenForThePlaceBehindTheNewest() throws Exception {
    AtomicInteger decisions = new AtomicInteger();
    Ledger ledger =
        book(repository)
            .update(
                "g",
                LedgerBook.Unknown.REFUSE,
                (newest, chain) -> {
                  if (decisions.incrementAndGet() == 1) {
                    snapshot(Manifest.Kind.DELTA, 20, 30);
                    snapshot(Manifest.Kind.BASE, 0, 40);
                    expire(1, 3);
                  }
                  return marked(newest, "a");
                });
    assertThat(decisions).hasValue(2);
    assertThat(ledger.number()).isEqualTo(6);
    Chain chain = load();
    assertThat(chain.damage()).isEmpty();
    assertThat(chain.restorePoints()).hasSize(1);
    assertThat(chain.links()).extracting(link -> link.manifest().number()).containsExactly(4L);
  }

  @Test
  void whatMayHaveBeenALedgerIsNotBuiltUpon() throws Exception {
    mark(repository, "a");
    mark(repository, "b");
    snapshot(Manifest.Kind.DELTA, 20, 30);
    repository.delete(Keys.manifest("g", 4));
    assertThatThrownBy(() -> mark(repository, "c"))
        .isInstanceOfSatisfying(
            VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND))
        .hasMessageContaining(Keys.manifest("g", 4));
    book(repository).update("g", LedgerBook.Unknown.ACCEPT, (newest, chain) -> marked(newest, "c"));
    assertThat(load().restorePoints())
        .extracting(Ledger.RestorePoint::name)
        .containsExactly("a", "c");
    mark(repository, "d");
  }

  @Test
  void olderDamageIsNoHindrance() throws Exception {
    mark(repository, "a");
    repository.delete(Keys.manifest("g", 2));
    mark(repository, "b");
    assertThat(load().restorePoints()).hasSize(2);
  }

  @Test
  void thereIsNoLedgerWithoutAChain() {
    assertThatThrownBy(
            () ->
                book(repository)
                    .update("other", LedgerBook.Unknown.REFUSE, (newest, chain) -> newest))
        .isInstanceOfSatisfying(
            VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.NO_REPOSITORY));
  }

  @Test
  void aDamagedEndIsNotBuiltUpon() throws Exception {
    repository.delete(Keys.manifest("g", 2));
    repository.create(Keys.manifest("g", 2), new byte[] {'{'});
    assertThatThrownBy(
            () ->
                book(repository)
                    .update("g", LedgerBook.Unknown.ACCEPT, (newest, chain) -> marked(newest, "a")))
        .isInstanceOfSatisfying(
            VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND));
  }

  private static LedgerBook book(Repository repository) {
    Retry retry = new Retry(Duration.ofMillis(1), Duration.ofMillis(1), Duration.ofSeconds(5));
    return new LedgerBook(
        repository,
        new Publisher(repository, new Insistence(retry, "")),
        new Manifest.Writer("test-" + java.util.UUID.randomUUID(), "0"),
        Clock.systemUTC());
  }

  private static Ledger mark(Repository repository, String name) {
    return book(repository)
        .update("g", LedgerBook.Unknown.REFUSE, (newest, chain) -> marked(newest, name));
  }

  private static Ledger marked(Ledger ledger, String name) {
    Ledger.RestorePoint point =
        new Ledger.RestorePoint(name, VersionVector.of(SITE, 20), 20, Instant.EPOCH);
    return ledger.withRestorePoints(Ledger.with(ledger.restorePoints(), point));
  }

  private void expire(long first, long last) {
    List<Long> numbers =
        IntStream.rangeClosed((int) first, (int) last).mapToObj(Long::valueOf).toList();
    book(repository)
        .update(
            "g",
            LedgerBook.Unknown.REFUSE,
            (newest, chain) -> newest.withExpired(numbers, Map.of()));
    try {
      for (long number : numbers) {
        repository.delete(Keys.manifest("g", number));
      }
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
  }

  private Chain load() throws Exception {
    return Chain.load(repository, "g");
  }

  private void snapshot(Manifest.Kind kind, long from, long to) {
    try {
      Optional<Manifest.Parent> parent = Chain.load(repository, "g").tip();
      Manifest manifest =
          new Manifest(
              "g",
              parent.map(tip -> tip.number() + 1).orElse(1L),
              kind,
              parent,
              from == 0 ? VersionVector.EMPTY : VersionVector.of(SITE, from),
              VersionVector.of(SITE, to),
              new Manifest.CommitSpan(from, to),
              List.of(),
              List.of(),
              new Manifest.Counts(0, 0, 0, 0, 0),
              Fingerprint.EMPTY,
              StoreSchema.EMPTY,
              List.of(),
              Optional.empty(),
              WRITER,
              Manifest.Encoding.ZSTD,
              Instant.EPOCH);
      repository.create(manifest.key(), EntryJson.write(manifest));
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
  }
}
