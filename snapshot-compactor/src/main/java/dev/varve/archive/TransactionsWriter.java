package dev.varve.archive;

import dev.varve.change.Transaction;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.TransactionCodec;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Writes a transactions file into a local file: an Avro container of transactions in the order in
 * which capture published them.
 */
public final class TransactionsWriter implements AutoCloseable {

  private static final int FORMAT_VERSION = 1;

  private final ContainerWriter container;
  private final String key;
  private final TransactionCodec codec = new TransactionCodec();
  private final AvroOutput buffer = new AvroOutput();
  private long transactions;

  /**
   * @param file must not exist
   * @param key where it will lie in the repository
   */
  public TransactionsWriter(Path file, String key) throws IOException {
    this(file, key, ContainerWriter.ZSTD_LEVEL_USUAL);
  }

  /**
   * @param file must not exist
   * @param key where it will lie in the repository
   * @param level of compression, 1 to 19
   */
  public TransactionsWriter(Path file, String key, int level) throws IOException {
    this.container = new ContainerWriter(file, Schemas.TRANSACTIONS, FORMAT_VERSION, level);
    this.key = key;
  }

  /** Adds a transaction that is encoded already. */
  public void append(byte[] source, int offset, int length) throws IOException {
    container.append(source, offset, length);
    transactions++;
  }

  public void append(Transaction transaction) throws IOException {
    buffer.clear();
    codec.write(transaction, buffer);
    append(buffer.array(), 0, buffer.length());
  }

  /** Ends the file. */
  public Manifest.TransactionsFile finish() throws IOException {
    return new Manifest.TransactionsFile(container.finish(key), transactions);
  }

  @Override
  public void close() throws IOException {
    container.close();
  }
}
