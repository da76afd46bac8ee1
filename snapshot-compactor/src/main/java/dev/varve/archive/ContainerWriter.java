package dev.varve.archive;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import dev.varve.wire.AvroOutput;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;

/**
 * Writes an Avro object container file, codec {@code zstandard}, from data that is encoded already.
 *
 * <p>The same data give the same bytes: the sync marker is fixed, the metadata are the schema and
 * the codec in this order, and a block ends with the datum that fills it. Avro's own writer chooses
 * a marker at random and compresses through streams; this one also reuses its buffers.
 */
final class ContainerWriter implements AutoCloseable {

  static final byte[] MAGIC = {'O', 'b', 'j', 1};
  static final String CODEC = "zstandard";

  /** A block is closed when it holds this much before compression. */
  static final int BLOCK_BYTES = 128 * 1024;

  /** Fast, and close to what higher levels reach. */
  static final int ZSTD_LEVEL_USUAL = 1;

  static final int ZSTD_LEVEL_MAX = 19;

  static final int SYNC_BYTES = 16;

  private static final int FILE_BUFFER_BYTES = 64 * 1024;

  private final MessageDigest digest = Digests.sha256();
  private final byte[] sync;
  private final OutputStream out;
  private final ZstdCompressCtx zstd;
  private final AvroOutput block = new AvroOutput();
  private final AvroOutput frame = new AvroOutput();
  private byte[] compressed = new byte[(int) Zstd.compressBound(BLOCK_BYTES)];
  private long blockCount;
  private long writtenBytes;

  /**
   * Creates the file, which must not exist.
   *
   * @param formatVersion of what is written, for the sync marker
   * @param level of zstd, 1 to 19
   */
  ContainerWriter(Path file, FileSchema schema, int formatVersion, int level) throws IOException {
    if (level < 1 || level > ZSTD_LEVEL_MAX) {
      throw new IllegalArgumentException("level must be 1 to " + ZSTD_LEVEL_MAX + ", got " + level);
    }
    sync = ("varve segment v" + formatVersion).getBytes(StandardCharsets.US_ASCII);
    if (sync.length != SYNC_BYTES) {
      throw new IllegalArgumentException("version must have one digit, got " + formatVersion);
    }
    out =
        new BufferedOutputStream(
            new DigestOutputStream(
                Files.newOutputStream(
                    file,
                    java.nio.file.StandardOpenOption.CREATE_NEW,
                    java.nio.file.StandardOpenOption.WRITE),
                digest),
            FILE_BUFFER_BYTES);
    zstd = new ZstdCompressCtx();
    zstd.setLevel(level);
    zstd.setChecksum(true);
    frame.raw(MAGIC, 0, MAGIC.length);
    frame.writeLong(2);
    frame.writeString("avro.schema").writeString(schema.json());
    frame.writeString("avro.codec").writeString(CODEC);
    frame.writeLong(0);
    frame.raw(sync, 0, sync.length);
    flushFrame();
  }

  /** Adds one encoded datum. */
  void append(byte[] source, int offset, int length) throws IOException {
    block.raw(source, offset, length);
    blockCount++;
    if (block.length() >= BLOCK_BYTES) {
      writeBlock();
    }
  }

  /** Bytes in the file, without the block that is being filled. */
  long writtenBytes() {
    return writtenBytes;
  }

  /** Ends the file and forces it out of the buffers. */
  Manifest.StoredObject finish(String key) throws IOException {
    writeBlock();
    out.close();
    return new Manifest.StoredObject(key, writtenBytes, Digests.hex(digest));
  }

  /** Lets go of the file, finished or not. */
  @Override
  public void close() throws IOException {
    zstd.close();
    out.close();
  }

  private void writeBlock() throws IOException {
    if (blockCount == 0) {
      return;
    }
    int bound = Math.toIntExact(Zstd.compressBound(block.length()));
    if (compressed.length < bound) {
      compressed = new byte[bound];
    }
    int size =
        zstd.compressByteArray(compressed, 0, compressed.length, block.array(), 0, block.length());
    frame.writeLong(blockCount).writeLong(size);
    frame.raw(compressed, 0, size);
    frame.raw(sync, 0, sync.length);
    flushFrame();
    block.clear();
    blockCount = 0;
  }

  private void flushFrame() throws IOException {
    out.write(frame.array(), 0, frame.length());
    writtenBytes += frame.length();
    frame.clear();
  }
}
