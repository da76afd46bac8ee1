package dev.varve.tail;

import dev.varve.tail.SortEntry.Origin;
import dev.varve.tail.SortEntry.Rank;
import dev.varve.wire.AvroOutput;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Collects versions and transactions and gives them out in order, within a budget of memory.
 *
 * <p>What does not fit is sorted and written to a run; many runs are merged into one of the next
 * level. {@link #merge} reads everything without removing anything; only {@link Merge#commit} does,
 * so that a flush that failed can be done again.
 */
public final class VersionSorter implements AutoCloseable {

  /** How many runs of a level are merged into one of the next. */
  private static final int FAN_IN = 48;

  private static final byte[] NO_ID = new byte[0];

  private final Path directory;
  private final SortBuffer buffer;
  private final AvroOutput idField = new AvroOutput();
  private List<SortRun> runs = new ArrayList<>();
  private long nextRun;

  /**
   * @param directory for runs, of this sorter alone
   */
  public VersionSorter(Path directory, long budgetBytes) {
    this.directory = directory;
    this.buffer = new SortBuffer(budgetBytes);
  }

  /**
   * Adds a version.
   *
   * @param source holds the encoded version
   */
  public void addVersion(
      byte kind, String id, Origin origin, Rank rank, byte[] source, int offset, int length)
      throws IOException {
    byte[] idBytes = id.getBytes(StandardCharsets.UTF_8);
    idField.clear().writeBytes(idBytes);
    int datum = Math.addExact(idField.length(), length);
    int at = room(SortEntry.length(datum));
    byte[] b = buffer.bytes();
    SortEntry.writeHeader(b, at, kind, origin, rank, idBytes, idField.length(), datum);
    System.arraycopy(idField.array(), 0, b, at + SortEntry.HEADER_BYTES, idField.length());
    System.arraycopy(source, offset, b, at + SortEntry.HEADER_BYTES + idField.length(), length);
    buffer.added();
  }

  /** Adds a transaction. */
  public void addTransaction(Origin origin, byte[] source, int offset, int length)
      throws IOException {
    int at = room(SortEntry.length(length));
    byte[] b = buffer.bytes();
    SortEntry.writeHeader(b, at, SortEntry.TRANSACTION, origin, new Rank(0, 0), NO_ID, 0, length);
    System.arraycopy(source, offset, b, at + SortEntry.HEADER_BYTES, length);
    buffer.added();
  }

  /** How many entries it holds. */
  public long count() {
    return buffer.count() + runs.stream().mapToLong(SortRun::entries).sum();
  }

  /** How many bytes its entries have. */
  public long bytes() {
    return buffer.usedBytes() + spilledBytes();
  }

  public long spilledBytes() {
    return runs.stream().mapToLong(SortRun::bytes).sum();
  }

  /** Forgets everything. */
  public void clear() throws IOException {
    buffer.clear();
    for (SortRun run : runs) {
      run.delete();
    }
    runs = new ArrayList<>();
  }

  /** Begins to go through everything in order; nothing may be added before it is closed. */
  public Merge merge() throws IOException {
    buffer.sort();
    return new Merge();
  }

  @Override
  public void close() throws IOException {
    clear();
  }

  private int room(int entryBytes) throws IOException {
    if (!buffer.hasRoomFor(entryBytes)) {
      spill();
    }
    return buffer.reserve(entryBytes);
  }

  /** If this fails, the buffer is as it was, and so it can be tried again. */
  private void spill() throws IOException {
    buffer.sort();
    SortRun.Writer writer = new SortRun.Writer(newFile());
    try {
      for (int i = 0; i < buffer.count(); i++) {
        writer.append(buffer.bytes(), buffer.ref(i));
      }
      runs.add(writer.finish(0));
    } catch (IOException e) {
      abandon(writer, e);
      throw e;
    }
    buffer.clear();
    for (int level = 0; mergeLevel(level); level++) {
      // one level after the other
    }
  }

  private boolean mergeLevel(int level) throws IOException {
    List<SortRun> full = runs.stream().filter(run -> run.level() == level).toList();
    if (full.size() < FAN_IN) {
      return false;
    }
    List<SortCursor> cursors = new ArrayList<>();
    SortRun.Writer writer = new SortRun.Writer(newFile());
    SortRun merged;
    try {
      for (SortRun run : full) {
        cursors.add(run.open());
      }
      Queue queue = new Queue(cursors);
      for (SortCursor next = queue.next(); next != null; next = queue.next()) {
        writer.append(next.bytes(), next.at());
      }
      merged = writer.finish(level + 1);
    } catch (IOException e) {
      abandon(writer, e);
      throw e;
    } finally {
      closeAll(cursors);
    }
    runs.removeAll(full);
    runs.add(merged);
    for (SortRun run : full) {
      run.delete();
    }
    return true;
  }

  private Path newFile() {
    return directory.resolve("run-" + nextRun++);
  }

  private static void abandon(SortRun.Writer writer, IOException cause) {
    try {
      writer.abandon();
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  private static void closeAll(List<SortCursor> cursors) throws IOException {
    for (SortCursor cursor : cursors) {
      cursor.close();
    }
  }

  /** Several cursors as one. */
  private static final class Queue {
    private final PriorityQueue<SortCursor> cursors;
    private @Nullable SortCursor current;

    Queue(List<SortCursor> all) throws IOException {
      Comparator<SortCursor> order =
          Comparator.comparingLong(SortCursor::key)
              .thenComparing((a, b) -> SortEntry.compare(a.bytes(), a.at(), b.bytes(), b.at()));
      cursors = new PriorityQueue<>(Math.max(1, all.size()), order);
      for (SortCursor cursor : all) {
        if (cursor.next()) {
          cursors.add(cursor);
        }
      }
    }

    /** The cursor that stands at the next entry; null at the end. */
    @Nullable SortCursor next() throws IOException {
      SortCursor last = current;
      if (last != null && last.next()) {
        SortCursor rival = cursors.peek();
        if (rival == null || precedes(last, rival)) {
          return last;
        }
        cursors.add(last);
      }
      current = cursors.poll();
      return current;
    }

    private static boolean precedes(SortCursor a, SortCursor b) {
      return a.key() != b.key()
          ? a.key() < b.key()
          : SortEntry.compare(a.bytes(), a.at(), b.bytes(), b.at()) <= 0;
    }
  }

  /** One pass over everything. */
  public final class Merge implements AutoCloseable {
    private final List<SortCursor> cursors = new ArrayList<>();
    private final BufferCursor memory = new BufferCursor();
    private final Queue queue;
    private @Nullable SortCursor current;
    private SortRun.@Nullable Writer carry;
    private @Nullable SortRun carried;
    private int[] kept = new int[16];
    private int keptCount;

    private Merge() throws IOException {
      try {
        for (SortRun run : runs) {
          cursors.add(run.open());
        }
        cursors.add(memory);
        queue = new Queue(cursors);
      } catch (IOException e) {
        closeAll(cursors);
        throw e;
      }
    }

    public boolean next() throws IOException {
      current = queue.next();
      return current != null;
    }

    public byte[] bytes() {
      return cursor().bytes();
    }

    public int at() {
      return cursor().at();
    }

    /** The entry stays in the sorter after {@link #commit}. */
    public void keep() throws IOException {
      SortCursor cursor = cursor();
      if (cursor == memory) {
        if (keptCount == kept.length) {
          kept = java.util.Arrays.copyOf(kept, keptCount * 2);
        }
        kept[keptCount++] = cursor.at();
        return;
      }
      SortRun.Writer writer = carry;
      if (writer == null) {
        writer = new SortRun.Writer(newFile());
        carry = writer;
      }
      writer.append(cursor.bytes(), cursor.at());
    }

    /** Does all of {@link #commit} that can fail; what was kept is now written. */
    public void seal() throws IOException {
      SortRun.Writer writer = carry;
      if (writer != null) {
        carried = writer.finish(0);
      }
    }

    /** Removes all entries but those that were kept; {@link #seal} comes first. */
    public void commit() {
      SortRun left = carried;
      if (left == null && carry != null) {
        throw new IllegalStateException("seal() comes first");
      }
      carry = null;
      List<SortRun> done = runs;
      runs = new ArrayList<>();
      if (left != null) {
        runs.add(left);
      }
      buffer.retain(kept, keptCount);
      done.forEach(SortRun::deleteIfPossible);
    }

    /** Ends the pass; without {@link #commit} everything stays. */
    @Override
    public void close() throws IOException {
      closeAll(cursors);
      SortRun.Writer writer = carry;
      if (writer != null) {
        writer.abandon();
      }
    }

    private SortCursor cursor() {
      SortCursor cursor = current;
      if (cursor == null) {
        throw new IllegalStateException("next() comes first");
      }
      return cursor;
    }
  }

  private final class BufferCursor implements SortCursor {
    private int n = -1;

    @Override
    public boolean next() {
      n++;
      return n < buffer.count();
    }

    @Override
    public byte[] bytes() {
      return buffer.bytes();
    }

    @Override
    public int at() {
      return buffer.ref(n);
    }

    @Override
    public long key() {
      return buffer.key(n);
    }

    @Override
    public void close() {}
  }
}
