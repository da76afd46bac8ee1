package dev.varve.archive;

import dev.varve.change.Change;
import dev.varve.change.Sweep;
import dev.varve.graph.ElementId;
import dev.varve.wire.AvroInput;
import dev.varve.wire.ChangeCodec;
import dev.varve.wire.MalformedRecordException;
import dev.varve.wire.SweepCodec;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the changes of a branch, in the order of the log, and checks them on the way. */
public final class BranchReader implements AutoCloseable {

  private static final BinarySkipper ENTRY = BinarySkipper.of(Schemas.BRANCH.schema());

  private final ContainerReader container;
  private final Branch branch;
  private final ChangeCodec changes = new ChangeCodec();
  private final SweepCodec sweeps = new SweepCodec();
  private AvroInput block = new AvroInput(new byte[0]);
  private long leftInBlock;
  private long entries;

  private BranchReader(ContainerReader container, Branch branch) {
    this.container = container;
    this.branch = branch;
  }

  /** What a transaction did. */
  public sealed interface Entry {

    /** The number of the transaction. */
    long seq();
  }

  /** To one element. */
  public record OfElement(Change change) implements Entry {
    @Override
    public long seq() {
      return change.header().dot().seq();
    }
  }

  /** To all elements of a range. */
  public record OfRange(Sweep sweep) implements Entry {
    @Override
    public long seq() {
      return sweep.seq();
    }
  }

  /**
   * Opens the changes of a branch.
   *
   * @throws DamagedException if the object is missing or does not begin as it should
   * @throws IOException if the repository cannot be read
   */
  public static BranchReader open(Repository repository, Branch branch) throws IOException {
    return new BranchReader(
        ContainerReader.open(repository, branch.changes(), List.of(Schemas.BRANCH)), branch);
  }

  /**
   * The next one; null at the end, when the whole object has been found to be as the branch says.
   *
   * @throws DamagedException if it is not
   * @throws IOException if the repository cannot be read
   */
  public @Nullable Entry next() throws IOException {
    while (leftInBlock == 0) {
      ContainerReader.Block next = container.next();
      if (next == null) {
        if (entries != branch.counts().changes()) {
          throw container.damaged(
              "it has " + entries + " changes, not " + branch.counts().changes(), null);
        }
        return null;
      }
      block = next.data();
      leftInBlock = next.count();
    }
    try {
      int start = block.position();
      ENTRY.skip(block);
      leftInBlock--;
      entries++;
      return entry(new AvroInput(block.array(), start, block.position() - start));
    } catch (MalformedRecordException | IllegalArgumentException e) {
      throw container.damaged("change " + entries + ", before offset " + container.offset(), e);
    }
  }

  private Entry entry(AvroInput in) {
    String key = in.readString();
    return in.readBranch(2) == 0
        ? new OfElement(changes.read(ElementId.parse(key), in))
        : new OfRange(sweeps.read(in));
  }

  @Override
  public void close() throws IOException {
    container.close();
  }
}
