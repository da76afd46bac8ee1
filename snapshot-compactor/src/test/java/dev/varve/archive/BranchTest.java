package dev.varve.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.varve.change.Change;
import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.change.Sweep;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.fault.VarveException;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.ChangeCodec;
import dev.varve.wire.LogBatch;
import dev.varve.wire.SweepCodec;
import dev.varve.wire.TransactionCodec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BranchTest {

  private static final String GRAPH = "orders";
  private static final String STORE = "neo4j:aa";
  private static final VersionVector CAPTURED = VersionVector.of(Samples.SITE, 10);
  private static final Manifest.Writer WRITER = new Manifest.Writer("branch-5f0c", "0.1.0");
  private static final Instant NOW = Instant.parse("2026-11-27T01:00:00.123Z");
  private static final BranchWriter.Origin ORIGIN =
      new BranchWriter.Origin(
          GRAPH,
          Samples.SITE,
          STORE,
          CAPTURED,
          new Branch.Successor(
              "neo4j:bb", "bolt://standby", Instant.parse("2026-11-27T00:59:00Z")));

  @TempDir private Path directory;
  private Repository repository;

  @BeforeEach
  void open() {
    repository = new DirectoryRepository(directory.resolve("repository"));
  }

  @Test
  void changesComeBackInTheOrderOfTheLog() throws IOException {
    Branch branch = save(Optional.empty(), first()).orElseThrow();
    assertThat(branch.name()).isEqualTo("neo4j-1-11-13");
    assertThat(branch.from()).isEqualTo(CAPTURED);
    assertThat(branch.to()).isEqualTo(VersionVector.of(Samples.SITE, 13));
    assertThat(branch.counts()).isEqualTo(new Branch.Counts(2, 4, 1));
    assertThat(read(branch))
        .extracting(BranchReader.Entry::seq)
        .containsExactly(11L, 11L, 13L, 13L);
    assertThat(read(branch).get(0)).isEqualTo(new BranchReader.OfElement(vertex(11, 0, "42", "a")));
    assertThat(read(branch).get(3)).isInstanceOf(BranchReader.OfRange.class);
    assertThat(History.of(branch, repository, 9))
        .extracting(Transaction::seq)
        .containsExactly(13L, 11L);
    assertThat(History.of(branch, repository, 1)).extracting(Transaction::seq).containsExactly(13L);
    assertThat(Branches.load(repository, GRAPH).all()).containsExactly(branch);
    assertThat(Branches.load(repository, GRAPH).check(repository, true)).isEmpty();
  }

  @Test
  void theGoldenBranchIsReadAndWrittenByteForByte() throws IOException {
    Branch branch = save(Optional.empty(), first()).orElseThrow();
    byte[] manifest = Transfer.bytesOf(repository, branch.key());
    byte[] changes = Transfer.bytesOf(repository, branch.changes().key());
    byte[] goldenManifest = Golden.file("branch-v1.json", manifest);
    assertThat(new String(manifest, StandardCharsets.UTF_8))
        .isEqualTo(new String(goldenManifest, StandardCharsets.UTF_8));
    assertThat(changes).isEqualTo(Golden.file("branch-changes-v1.avro", changes));
    assertThat(BranchJson.read(branch.key(), goldenManifest)).isEqualTo(branch);
  }

  @Test
  void theGoldenIdentitiesAndMarkAreReadAndWrittenByteForByte() throws IOException {
    Branch branch = save(Optional.empty(), first()).orElseThrow();
    Branches.markMerged(repository, branch, "bolt://new-primary:7687", NOW);
    golden("branch-merged-v1.json", Keys.branchMerged(GRAPH, branch.name()));
    keepIdentities(branch);
    Identities kept = Identities.load(repository, GRAPH, branch.site(), 10).orElseThrow();
    String key = Keys.identities(GRAPH, branch.site(), 10);
    assertThat(Identities.parse(GRAPH, key, golden("identities-v1.json", key))).isEqualTo(kept);
    golden("identity-ids-v1.avro", kept.file().key());
  }

  private byte[] golden(String name, String key) throws IOException {
    byte[] written = Transfer.bytesOf(repository, key);
    byte[] golden = Golden.file(name, written);
    assertThat(written).isEqualTo(golden);
    return golden;
  }

  private void keepIdentities(Branch branch) throws IOException {
    Identities.keep(
        repository,
        directory,
        new Identities.Of(GRAPH, branch.site(), 10, "neo4j:bb"),
        receiver -> {
          receiver.accept(ElementId.vertex("42"), "7");
          receiver.accept(ElementId.edge("42"), "0");
        });
  }

  @Test
  void whatWasCapturedIsLeftOut() throws IOException {
    Optional<Branch> none =
        save(
            Optional.empty(),
            batch(
                log -> {
                  change(log, vertex(10, 0, "1", "captured"));
                  transaction(log, 10);
                }));
    assertThat(none).isEmpty();
    assertThat(repository.list("")).isEmpty();
  }

  @Test
  void savedTwiceItIsTheSame() throws IOException {
    Branch once = save(Optional.empty(), first()).orElseThrow();
    Branch twice = save(Optional.empty(), first()).orElseThrow();
    assertThat(twice).isEqualTo(once);
    assertThat(repository.list("")).hasSize(3);
  }

  @Test
  void aLongerLogGivesABranchThatGoesOn() throws IOException {
    Branch once = save(Optional.empty(), first()).orElseThrow();
    Branch next =
        save(
                Optional.of(once),
                first(),
                batch(
                    log -> {
                      change(log, vertex(20, 0, "42", "later"));
                      transaction(log, 20);
                    }))
            .orElseThrow();
    assertThat(next.follows()).contains(once.name());
    assertThat(next.from()).isEqualTo(once.to());
    assertThat(read(next)).extracting(BranchReader.Entry::seq).containsExactly(20L);
    Branches all = Branches.load(repository, GRAPH);
    assertThat(all.newestOf(Samples.SITE, STORE)).contains(next);
    assertThat(save(Optional.of(next), first())).isEmpty();
    assertThatThrownBy(() -> all.drop(repository, once))
        .isInstanceOf(VarveException.class)
        .hasMessageContaining("goes on from");
    all.drop(repository, next);
    Branches.load(repository, GRAPH).drop(repository, once);
    assertThat(repository.list("")).isEmpty();
  }

  @Test
  void anotherOneOfTheNameIsRefused() throws IOException {
    save(Optional.empty(), first());
    assertThatThrownBy(
            () ->
                save(
                    Optional.empty(),
                    batch(
                        log -> {
                          change(log, vertex(11, 0, "7", "other"));
                          transaction(log, 11);
                          change(log, vertex(13, 0, "8", "other"));
                          transaction(log, 13);
                        })))
        .isInstanceOf(VarveException.class)
        .hasMessageContaining("holds other transactions");
  }

  @Test
  void aLogThatEndsInsideATransactionIsRefused() {
    assertThatThrownBy(
            () -> save(Optional.empty(), batch(log -> change(log, vertex(11, 0, "1", "half")))))
        .isInstanceOf(VarveException.class)
        .hasMessageContaining("ends inside a transaction");
  }

  @Test
  void damageIsFound() throws IOException {
    Branch branch = save(Optional.empty(), first()).orElseThrow();
    Path changes = directory.resolve("repository").resolve(branch.changes().key());
    byte[] bytes = Files.readAllBytes(changes);
    bytes[bytes.length / 2] ^= 1;
    Files.write(changes, bytes);
    Branches branches = Branches.load(repository, GRAPH);
    assertThat(branches.check(repository, false)).isEmpty();
    assertThat(branches.check(repository, true)).hasSize(1);
    assertThatThrownBy(() -> read(branch)).isInstanceOf(DamagedException.class);
    Files.delete(changes);
    assertThat(branches.check(repository, false)).hasSize(1);
  }

  @Test
  void aCopyTakesBranchesAlong() throws IOException {
    Branch branch = save(Optional.empty(), first()).orElseThrow();
    Branches.markMerged(repository, branch, "bolt://new-primary:7687", Instant.EPOCH);
    keepIdentities(branch);
    Repository other = new DirectoryRepository(directory.resolve("other"));
    try (Copy copy =
        new Copy(repository, other, GRAPH, directory.resolve("scratch"), Copy.Watcher.NONE)) {
      assertThat(copy.run().exitCode().number()).isZero();
    }
    assertThat(Branches.load(other, GRAPH).all()).containsExactly(branch);
    assertThat(Branches.load(other, GRAPH).check(other, true)).isEmpty();
    assertThat(Branches.load(other, GRAPH).merged()).containsExactly(branch.name());
    Map<ElementId, String> ids = new HashMap<>();
    Identities.load(other, GRAPH, branch.site(), 10).orElseThrow().each(other, ids::put);
    assertThat(ids)
        .containsOnly(Map.entry(ElementId.vertex("42"), "7"), Map.entry(ElementId.edge("42"), "0"));
  }

  @Test
  void anExportIsReadableWithoutVarve() throws IOException {
    Branch branch = save(Optional.empty(), first()).orElseThrow();
    Path target = directory.resolve("export");
    BranchExport.write(repository, branch, target);
    assertThat(Files.readAllBytes(target.resolve("changes.avro")))
        .isEqualTo(Transfer.bytesOf(repository, branch.changes().key()));
    List<String> lines = Files.readAllLines(target.resolve("changes.jsonl"));
    assertThat(lines).hasSize(4);
    assertThat(new ObjectMapper().readTree(lines.get(0)).get("key").asText()).isEqualTo("v42");
    assertThat(Files.readAllLines(target.resolve("transactions.jsonl"))).hasSize(2);
    assertThat(target.resolve("varve-branch.json")).exists();
    assertThatThrownBy(() -> BranchExport.write(repository, branch, target))
        .isInstanceOf(VarveException.class)
        .hasMessageContaining("is not empty");
  }

  private Optional<Branch> save(Optional<Branch> before, byte[]... batches) throws IOException {
    Path work = Files.createTempDirectory(directory, "work");
    try (BranchWriter writer = new BranchWriter(work, ORIGIN, before)) {
      for (byte[] batch : batches) {
        writer.add(batch);
      }
      return writer.publish(repository, WRITER, NOW);
    }
  }

  private List<BranchReader.Entry> read(Branch branch) throws IOException {
    List<BranchReader.Entry> entries = new ArrayList<>();
    try (BranchReader reader = BranchReader.open(repository, branch)) {
      for (BranchReader.Entry next = reader.next(); next != null; next = reader.next()) {
        entries.add(next);
      }
    }
    return entries;
  }

  /** Two transactions; between them one that changed nothing. */
  private static byte[] first() {
    return batch(
        log -> {
          change(log, vertex(11, 0, "42", "a"));
          change(log, removal(11, 1, "43"));
          transaction(log, 11);
          transaction(log, 12);
          change(log, vertex(13, 0, "42", "b"));
          AvroOutput body = new AvroOutput();
          new SweepCodec()
              .write(
                  new Sweep(
                      Samples.SITE,
                      13,
                      0,
                      Samples.EPOCH_MICROS + 13,
                      ElementId.vertex("50"),
                      ElementId.vertex("59")),
                  body);
          log.sweep(body);
          transaction(log, 13);
        });
  }

  private static byte[] batch(Consumer<LogBatch.Writer> content) {
    AvroOutput out = new AvroOutput();
    content.accept(new LogBatch.Writer(out));
    return java.util.Arrays.copyOf(out.array(), out.length());
  }

  private static void change(LogBatch.Writer log, Change change) {
    AvroOutput body = new AvroOutput();
    new ChangeCodec().write(change, body);
    log.change(change.id(), body);
  }

  private static void transaction(LogBatch.Writer log, long seq) {
    AvroOutput body = new AvroOutput();
    new TransactionCodec()
        .write(
            new Transaction(
                Samples.SITE,
                seq,
                Samples.EPOCH_MICROS + seq,
                Optional.of("alice"),
                new TreeMap<>(),
                List.of(),
                Optional.empty()),
            body);
    log.transaction(seq, body);
  }

  private static Change vertex(long seq, long index, String id, String name) {
    ElementId vertex = ElementId.vertex(id);
    return change(vertex, seq, index, Samples.vertex(id, seq, name).state());
  }

  private static Change removal(long seq, long index, String id) {
    return change(ElementId.vertex(id), seq, index, Optional.empty());
  }

  private static Change change(ElementId id, long seq, long index, Optional<Element> state) {
    return new Change(
        id,
        new ChangeHeader(
            new Dot(Samples.SITE, seq, index),
            Samples.EPOCH_MICROS + seq,
            VersionVector.EMPTY,
            state.map(element -> new ElementHasher().hash(id, element)),
            List.of(),
            List.of()),
        state);
  }
}
