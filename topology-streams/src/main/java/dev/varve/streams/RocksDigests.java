package dev.varve.streams;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.errors.ProcessorStateException;
import org.jspecify.annotations.Nullable;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.FlushOptions;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteOptions;

/**
 * Digests in RocksDB. Nothing is logged ahead: the table in Kafka is the log, and Streams discards
 * the directory of a store that was not closed cleanly.
 */
final class RocksDigests implements Digests {

  private static final int BLOOM_BITS_PER_KEY = 10;

  private final RocksMemory memory;
  private final List<AutoCloseable> opened = new ArrayList<>();
  private @Nullable RocksDB db;
  private @Nullable WriteOptions unlogged;

  RocksDigests(RocksMemory memory) {
    this.memory = memory;
  }

  @Override
  @SuppressWarnings("resource") // closed with the store
  public void open(Path directory) {
    try {
      Files.createDirectories(directory);
      BloomFilter bloom = own(new BloomFilter(BLOOM_BITS_PER_KEY));
      BlockBasedTableConfig tables =
          new BlockBasedTableConfig()
              .setBlockCache(memory.cache)
              .setCacheIndexAndFilterBlocks(true)
              .setPinTopLevelIndexAndFilter(true)
              .setFilterPolicy(bloom);
      Options options =
          own(new Options())
              .setCreateIfMissing(true)
              .setWriteBufferManager(memory.writeBuffers)
              .setTableFormatConfig(tables);
      unlogged = own(new WriteOptions()).setDisableWAL(true);
      db = own(RocksDB.open(options, directory.toString()));
    } catch (RocksDBException | IOException e) {
      throw new ProcessorStateException("cannot open the store in " + directory, e);
    }
  }

  @Override
  public byte @Nullable [] get(Bytes key) {
    try {
      return db().get(key.get());
    } catch (RocksDBException e) {
      throw new ProcessorStateException("cannot read " + key, e);
    }
  }

  @Override
  public void put(Bytes key, byte[] digest) {
    try {
      db().put(unlogged(), key.get(), digest);
    } catch (RocksDBException e) {
      throw new ProcessorStateException("cannot write " + key, e);
    }
  }

  @Override
  public void remove(Bytes key) {
    try {
      db().delete(unlogged(), key.get());
    } catch (RocksDBException e) {
      throw new ProcessorStateException("cannot remove " + key, e);
    }
  }

  @Override
  public void forEach(BiConsumer<Bytes, byte[]> visitor) {
    try (RocksIterator each = db().newIterator()) { // sees what was there when it was made
      for (each.seekToFirst(); each.isValid(); each.next()) {
        Bytes key = Bytes.wrap(each.key());
        if (!key.equals(NOTE)) {
          visitor.accept(key, each.value());
        }
      }
      each.status();
    } catch (RocksDBException e) {
      throw new ProcessorStateException("cannot read all digests", e);
    }
  }

  @Override
  public void flush() {
    try (FlushOptions andWait = new FlushOptions().setWaitForFlush(true)) {
      db().flush(andWait);
    } catch (RocksDBException e) {
      throw new ProcessorStateException("cannot flush", e);
    }
  }

  @Override
  public void close() {
    for (int i = opened.size() - 1; i >= 0; i--) {
      try {
        opened.get(i).close();
      } catch (Exception e) {
        throw new ProcessorStateException("cannot close the store", e);
      }
    }
    opened.clear();
    db = null;
    unlogged = null;
  }

  private <T extends AutoCloseable> T own(T resource) {
    opened.add(resource);
    return resource;
  }

  private RocksDB db() {
    if (db == null) {
      throw new ProcessorStateException("the store is closed");
    }
    return db;
  }

  private WriteOptions unlogged() {
    if (unlogged == null) {
      throw new ProcessorStateException("the store is closed");
    }
    return unlogged;
  }
}
