package dev.varve.archive;

import dev.varve.change.Transaction;
import dev.varve.wire.AvroInput;
import dev.varve.wire.MalformedRecordException;
import dev.varve.wire.TransactionCodec;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads a transactions file and checks it against its manifest on the way. */
public final class TransactionsReader implements AutoCloseable {

  private static final BinarySkipper TRANSACTION = BinarySkipper.of(Schemas.TRANSACTIONS.schema());

  private final ContainerReader container;
  private final Manifest.TransactionsFile file;
  private final TransactionCodec codec = new TransactionCodec();
  private AvroInput block = new AvroInput(new byte[0]);
  private long leftInBlock;
  private long transactions;

  private TransactionsReader(ContainerReader container, Manifest.TransactionsFile file) {
    this.container = container;
    this.file = file;
  }

  /**
   * Opens a transactions file that a manifest names.
   *
   * @throws DamagedException if it is missing or does not begin as it should
   * @throws IOException if the repository cannot be read
   */
  public static TransactionsReader open(Repository repository, Manifest.TransactionsFile file)
      throws IOException {
    return new TransactionsReader(
        ContainerReader.open(repository, file.object(), List.of(Schemas.TRANSACTIONS)), file);
  }

  /**
   * The next transaction; null at the end, when the whole file has been found to be as its manifest
   * says.
   *
   * @throws DamagedException if it is not
   * @throws IOException if the repository cannot be read
   */
  public @Nullable Transaction next() throws IOException {
    while (leftInBlock == 0) {
      ContainerReader.Block next = container.next();
      if (next == null) {
        if (transactions != file.transactions()) {
          throw container.damaged(
              "it has " + transactions + " transactions, not " + file.transactions(), null);
        }
        return null;
      }
      block = next.data();
      leftInBlock = next.count();
    }
    try {
      int start = block.position();
      TRANSACTION.skip(block);
      leftInBlock--;
      transactions++;
      return codec.read(new AvroInput(block.array(), start, block.position() - start));
    } catch (MalformedRecordException e) {
      throw container.damaged(
          "transaction " + transactions + ", before offset " + container.offset(), e);
    }
  }

  @Override
  public void close() throws IOException {
    container.close();
  }
}
