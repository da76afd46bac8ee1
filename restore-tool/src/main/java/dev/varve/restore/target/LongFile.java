package dev.varve.restore.target;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * A very long array of longs in a file that is mapped into memory piece by piece, so that the
 * operating system decides how much of it is held. Elements are zero until they are set.
 *
 * <p>Threads may set and read different elements at the same time.
 */
public final class LongFile implements AutoCloseable {

  private static final int LONGS_PER_PIECE = 1 << 17;

  /** Enough for every id that Neo4j can give out: 2^35 longs. */
  private static final int MAX_PIECES = 1 << 18;

  private final Path file;
  private final FileChannel channel;
  private final AtomicReferenceArray<@Nullable LongBuffer> pieces =
      new AtomicReferenceArray<>(MAX_PIECES);

  private LongFile(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /** An empty array in a new file that is removed when it is closed. */
  public static LongFile create(Path directory, String name) {
    try {
      Path file = Files.createTempFile(directory, name + "-", ".longs");
      return new LongFile(
          file,
          FileChannel.open(
              file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.SPARSE));
    } catch (IOException e) {
      throw failed(directory, e);
    }
  }

  public long get(long index) {
    return piece(index).get((int) (index % LONGS_PER_PIECE));
  }

  public void set(long index, long value) {
    piece(index).put((int) (index % LONGS_PER_PIECE), value);
  }

  private LongBuffer piece(long index) {
    int number = Math.toIntExact(index / LONGS_PER_PIECE);
    LongBuffer piece = pieces.get(number);
    return piece != null ? piece : map(number);
  }

  private synchronized LongBuffer map(int number) {
    LongBuffer piece = pieces.get(number);
    if (piece == null) {
      long bytes = (long) LONGS_PER_PIECE * Long.BYTES;
      try {
        // a full disk is found here, where it can be said, and not when a page is written back
        channel.write(ByteBuffer.allocate((int) bytes), number * bytes);
        MappedByteBuffer mapped =
            channel.map(FileChannel.MapMode.READ_WRITE, number * bytes, bytes);
        piece = mapped.asLongBuffer();
      } catch (IOException e) {
        throw failed(file, e);
      }
      pieces.set(number, piece);
    }
    return piece;
  }

  private static VarveException failed(Path path, IOException e) {
    return new VarveException(
        ExitCode.FAILED,
        "cannot keep the map of ids in " + path + ": " + e,
        "free some space there, or set another directory with -Djava.io.tmpdir",
        e);
  }

  @Override
  public void close() {
    try {
      channel.close();
      Files.deleteIfExists(file);
    } catch (IOException e) {
      file.toFile().deleteOnExit();
    }
  }
}
