package dev.varve.archive;

import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.Sweep;
import dev.varve.change.Transaction;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.wire.AvroInput;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.ChangeCodec;
import dev.varve.wire.LogBatch;
import dev.varve.wire.SweepCodec;
import dev.varve.wire.TransactionCodec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Makes a branch of what a store's log says, as it comes: the changes in one file, the transactions
 * in another, both in the order of the log. Nothing of it is kept in memory.
 *
 * <p>What an earlier branch of the store holds already is left out; the new one goes on from there.
 */
public final class BranchWriter implements LogBatch.Visitor, AutoCloseable {

  private static final int FORMAT_VERSION = 1;
  private static final int CHANGE_BRANCH = 0;
  private static final int SWEEP_BRANCH = 1;
  private static final String UNNAMED = "branch";

  private final Origin origin;
  private final Optional<Branch> before;
  private final VersionVector from;
  private final Path changesFile;
  private final Path transactionsFile;
  private final ContainerWriter changes;
  private final TransactionsWriter transactions;
  private final ChangeCodec changeCodec = new ChangeCodec();
  private final SweepCodec sweepCodec = new SweepCodec();
  private final TransactionCodec transactionCodec = new TransactionCodec();
  private final AvroOutput entry = new AvroOutput();
  private Branch.@Nullable Span span;
  private Manifest.@Nullable CommitSpan committed;
  private long ofThisTransaction;
  private long transactionCount;
  private long changeCount;
  private long removalCount;

  /**
   * Where the branch leaves the chain.
   *
   * @param captured everything that was captured
   */
  public record Origin(
      String graph, Site site, String store, VersionVector captured, Branch.Successor successor) {}

  /**
   * @param directory for the files while they are written
   * @param before the newest branch of the same store that there is already
   */
  public BranchWriter(Path directory, Origin origin, Optional<Branch> before) throws IOException {
    this.origin = origin;
    this.before = before;
    this.from = before.map(Branch::to).orElse(origin.captured());
    this.changesFile = directory.resolve("changes.avro");
    this.transactionsFile = directory.resolve("transactions.avro");
    this.changes =
        new ContainerWriter(
            changesFile, Schemas.BRANCH, FORMAT_VERSION, ContainerWriter.ZSTD_LEVEL_USUAL);
    this.transactions = new TransactionsWriter(transactionsFile, UNNAMED);
  }

  /** Takes a batch of the log, as {@link LogBatch} has it. */
  public void add(byte[] batch) {
    LogBatch.read(batch, this);
  }

  @Override
  public void change(String key, AvroInput body) {
    int start = body.position();
    int length = body.remaining();
    ChangeHeader header = changeCodec.readHeader(body);
    if (from.covers(header.dot())) {
      return;
    }
    append(key, CHANGE_BRANCH, new AvroInput(body.array(), start, length));
    removalCount += header.removed() ? 1 : 0;
  }

  @Override
  public void sweep(AvroInput body) {
    int start = body.position();
    int length = body.remaining();
    Sweep sweep = sweepCodec.read(body);
    if (from.covers(new Dot(sweep.site(), sweep.seq(), sweep.index()))) {
      return;
    }
    append("s" + sweep.site(), SWEEP_BRANCH, new AvroInput(body.array(), start, length));
  }

  private void append(String key, int branch, AvroInput body) {
    entry.clear().writeString(key).writeLong(branch);
    entry.raw(body.array(), body.position(), body.remaining());
    writing(() -> changes.append(entry.array(), 0, entry.length()));
    ofThisTransaction++;
  }

  @Override
  public void transaction(long logPosition, AvroInput body) {
    int start = body.position();
    int length = body.remaining();
    byte[] bytes = body.array();
    Transaction transaction = transactionCodec.read(body);
    boolean changed = ofThisTransaction > 0 || transaction.schema().isPresent();
    if (!changed || from.covers(transaction.site(), transaction.seq())) {
      return;
    }
    writing(() -> transactions.append(bytes, start, length));
    transactionCount++;
    changeCount += ofThisTransaction;
    ofThisTransaction = 0;
    long seq = transaction.seq();
    long micros = transaction.committedAtMicros();
    span = new Branch.Span(span == null ? seq : span.first(), seq);
    Manifest.CommitSpan so = committed;
    committed =
        so == null
            ? new Manifest.CommitSpan(micros, micros)
            : new Manifest.CommitSpan(
                Math.min(so.firstMicros(), micros), Math.max(so.lastMicros(), micros));
  }

  /**
   * Completes the files and publishes the branch. If it was there already, that one is returned.
   *
   * @return empty if nothing came that is in no branch yet
   * @throws IOException if the repository cannot be written to; the branch is there whole or not at
   *     all
   * @throws VarveException if another branch has the name
   */
  public Optional<Branch> publish(Repository repository, Manifest.Writer writer, Instant now)
      throws IOException {
    if (ofThisTransaction > 0) {
      throw new VarveException(
          ExitCode.FAILED,
          "the log of " + origin.store() + " ends inside a transaction; nothing was set aside",
          "do it again");
    }
    Manifest.StoredObject written = changes.finish(UNNAMED);
    Manifest.TransactionsFile listed = transactions.finish();
    Branch.Span whole = span;
    Manifest.CommitSpan times = committed;
    if (whole == null || times == null) {
      return Optional.empty();
    }
    String name = Branch.nameOf(origin.site(), whole);
    Branch branch =
        new Branch(
            origin.graph(),
            name,
            origin.site(),
            origin.store(),
            before.map(Branch::name),
            from,
            from.with(origin.site(), whole.last()),
            whole,
            times,
            new Branch.Counts(transactionCount, changeCount, removalCount),
            named(name, "changes", written),
            new Manifest.TransactionsFile(
                named(name, "transactions", listed.object()), listed.transactions()),
            origin.successor(),
            writer,
            new Manifest.Encoding(
                Manifest.Encoding.ZSTD.compression(), SegmentFormat.VERSIONS, repository.keyId()),
            now);
    put(repository, branch.changes(), changesFile);
    put(repository, branch.transactions().object(), transactionsFile);
    return Optional.of(Branches.publish(repository, branch));
  }

  private Manifest.StoredObject named(String name, String part, Manifest.StoredObject object) {
    return new Manifest.StoredObject(
        Keys.branchPart(origin.graph(), name, part, object.sha256()),
        object.bytes(),
        object.sha256());
  }

  /** The key is made of the content, so whatever lies there is this file, or was damaged. */
  private static void put(Repository repository, Manifest.StoredObject object, Path file)
      throws IOException {
    Repository.Creation creation =
        Transfer.insist(
            "write " + object.key() + " to " + repository.location(),
            () -> repository.create(object.key(), file));
    if (creation == Repository.Creation.ALREADY_EXISTS) {
      Optional<Damage> damage = Chain.check(repository, object);
      if (damage.isPresent()) {
        throw new DamagedException(object.key(), damage.get().text(), null);
      }
    }
  }

  private interface Writing {
    void run() throws IOException;
  }

  private static void writing(Writing what) {
    try {
      what.run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    changes.close();
    transactions.close();
    Files.deleteIfExists(changesFile);
    Files.deleteIfExists(transactionsFile);
  }
}
