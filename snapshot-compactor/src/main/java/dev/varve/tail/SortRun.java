package dev.varve.tail;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file of entries in order, in the work directory. It lives no longer than the compactor: after a
 * restart everything is read from Kafka again, so it is not forced to disk.
 *
 * @param level how many times its entries have been merged
 */
record SortRun(Path file, long entries, long bytes, int level) {

  private static final int BUFFER_BYTES = 128 * 1024;
  private static final Logger LOG = LoggerFactory.getLogger(SortRun.class);

  void delete() throws IOException {
    Files.deleteIfExists(file);
  }

  /** A file that stays behind costs room until the work directory is cleared, nothing else. */
  void deleteIfPossible() {
    try {
      delete();
    } catch (IOException e) {
      LOG.warn("cannot remove {}: {}", file, e.toString());
    }
  }

  Cursor open() throws IOException {
    return new Cursor(file);
  }

  /** Writes a run. */
  static final class Writer implements AutoCloseable {
    private final Path file;
    private final OutputStream out;
    private long entries;
    private long bytes;

    Writer(Path file) throws IOException {
      this.file = file;
      this.out =
          new BufferedOutputStream(
              Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              BUFFER_BYTES);
    }

    void append(byte[] source, int at) throws IOException {
      int length = SortEntry.totalLength(source, at);
      out.write(source, at, length);
      entries++;
      bytes += length;
    }

    SortRun finish(int level) throws IOException {
      out.close();
      return new SortRun(file, entries, bytes, level);
    }

    /** Removes what was written. */
    void abandon() throws IOException {
      try {
        out.close();
      } finally {
        Files.deleteIfExists(file);
      }
    }

    @Override
    public void close() throws IOException {
      out.close();
    }
  }

  /** Reads a run from its beginning. */
  static final class Cursor implements SortCursor {
    private final InputStream in;
    private byte[] buffer = new byte[BUFFER_BYTES];
    private int start;
    private int end;
    private int at;
    private long key;

    private Cursor(Path file) throws IOException {
      in = Files.newInputStream(file);
    }

    @Override
    public boolean next() throws IOException {
      if (!ensure(SortEntry.LENGTH_BYTES)) {
        return false;
      }
      int length = SortEntry.totalLength(buffer, start);
      if (!ensure(length)) {
        throw new IOException("a sort run ends within an entry");
      }
      at = start;
      start += length;
      key = SortEntry.key(buffer, at);
      return true;
    }

    @Override
    public byte[] bytes() {
      return buffer;
    }

    @Override
    public int at() {
      return at;
    }

    @Override
    public long key() {
      return key;
    }

    @Override
    public void close() throws IOException {
      in.close();
    }

    /** Has at least this much from {@code start} in the buffer; false if the file has ended. */
    private boolean ensure(int count) throws IOException {
      if (end - start >= count) {
        return true;
      }
      if (start > 0) {
        System.arraycopy(buffer, start, buffer, 0, end - start);
        end -= start;
        start = 0;
      }
      if (buffer.length < count) {
        buffer = Arrays.copyOf(buffer, count);
      }
      end += in.readNBytes(buffer, end, buffer.length - end);
      return end >= count;
    }
  }
}
