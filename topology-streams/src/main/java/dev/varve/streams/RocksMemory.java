package dev.varve.streams;

import org.rocksdb.Cache;
import org.rocksdb.LRUCache;
import org.rocksdb.RocksDB;
import org.rocksdb.WriteBufferManager;

/** The memory that all RocksDB stores of one instance share, so that it has one limit. */
final class RocksMemory implements AutoCloseable {

  static {
    RocksDB.loadLibrary();
  }

  final Cache cache;
  final WriteBufferManager writeBuffers;

  /**
   * @param bytes for blocks and write buffers together; the latter take at most half
   */
  RocksMemory(long bytes) {
    cache = new LRUCache(bytes);
    writeBuffers = new WriteBufferManager(bytes / 2, cache);
  }

  @Override
  public void close() {
    writeBuffers.close();
    cache.close();
  }
}
