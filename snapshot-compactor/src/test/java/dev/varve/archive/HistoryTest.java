package dev.varve.archive;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.graph.StoreSchema;
import dev.varve.topology.Fingerprint;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HistoryTest {

  private static final String GRAPH = "orders";

  @TempDir private Path directory;

  @Test
  void whatSeveralSnapshotsHoldIsToldOnce() throws IOException {
    Repository repository = new DirectoryRepository(directory.resolve("repository"));
    Chain chain =
        new Chain(
            GRAPH,
            List.of(
                link(repository, 1, Manifest.Kind.BASE, 0, 3, 3),
                link(repository, 2, Manifest.Kind.DELTA, 3, 5, 4, 5),
                link(repository, 3, Manifest.Kind.DELTA, 5, 9, 7, 9),
                link(repository, 4, Manifest.Kind.MERGED, 3, 9, 4, 5, 7, 9),
                link(repository, 5, Manifest.Kind.DELTA, 9, 12, 11, 12)),
            Optional.empty(),
            Optional.empty(),
            List.of());
    assertThat(seqs(History.of(chain, repository, 100)))
        .containsExactly(12L, 11L, 9L, 7L, 5L, 4L, 3L);
    assertThat(seqs(History.of(chain, repository, 3))).containsExactly(12L, 11L, 9L);
  }

  private static List<Long> seqs(List<Transaction> transactions) {
    return transactions.stream().map(Transaction::seq).toList();
  }

  private Chain.Link link(
      Repository repository, long number, Manifest.Kind kind, long from, long to, long... seqs)
      throws IOException {
    String key = Keys.part(GRAPH, number, "t", 0xCAFE);
    Path file = directory.resolve("transactions-" + number);
    Manifest.TransactionsFile listed;
    try (TransactionsWriter writer = new TransactionsWriter(file, key)) {
      for (long seq : seqs) {
        writer.append(Samples.transaction(seq));
      }
      listed = writer.finish();
    }
    repository.create(key, file);
    Manifest manifest =
        new Manifest(
            GRAPH,
            number,
            kind,
            Optional.of(new Manifest.Parent(Math.max(1, number - 1), "0".repeat(64))),
            kind.whole() ? VersionVector.EMPTY : VersionVector.of(Samples.SITE, from),
            VersionVector.of(Samples.SITE, to),
            new Manifest.CommitSpan(0, 1),
            List.of(),
            List.of(),
            new Manifest.Counts(0, 0, 0, 0, seqs.length),
            Fingerprint.EMPTY,
            StoreSchema.EMPTY,
            List.of(),
            Optional.of(listed),
            new Manifest.Writer("test", "0"),
            Manifest.Encoding.ZSTD,
            Instant.EPOCH);
    return new Chain.Link(manifest, "0".repeat(64));
  }
}
