package dev.varve.archive;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import com.github.luben.zstd.ZstdInputStream;
import dev.varve.wire.AvroInput;
import dev.varve.wire.MalformedRecordException;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.jspecify.annotations.Nullable;

/**
 * Reads an Avro object container file block by block and checks it against what its manifest says:
 * every block's frame and checksum as it comes, length and sha256 of the whole at the end.
 *
 * <p>Codecs {@code zstandard} and {@code null}. Data that were written with another version of the
 * schema are brought into the expected one. Memory: one block, packed and unpacked.
 */
final class ContainerReader implements AutoCloseable {

  private static final int STREAM_BUFFER_BYTES = 64 * 1024;
  private static final int SYNC_BYTES = ContainerWriter.SYNC_BYTES;
  private static final int METADATA_ENTRIES_MAX = 1000;
  private static final int METADATA_BYTES_MAX = 16 * 1024 * 1024;
  private static final int BLOCK_BYTES_MAX = 512 * 1024 * 1024;
  private static final byte[] EMPTY = new byte[0];

  private final Manifest.StoredObject object;
  private final Schema schema;
  private final MessageDigest digest = Digests.sha256();
  private final InputStream in;
  private final ZstdDecompressCtx zstd = new ZstdDecompressCtx();
  private final byte[] sync;
  private final boolean packed;
  private final @Nullable Schema olderSchema;
  private byte[] frame = EMPTY;
  private long offset;
  private boolean ended;

  private ContainerReader(InputStream in, Manifest.StoredObject object, List<FileSchema> expected)
      throws IOException {
    this.in = in;
    this.object = object;
    fill(4);
    if (!Arrays.equals(frame, 0, 4, ContainerWriter.MAGIC, 0, 4)) {
      throw damaged("it does not begin as an Avro container does", null);
    }
    String codec = "null";
    String written = "";
    int entries = 0;
    for (long count = readLong(); count != 0; count = readLong()) {
      if (count < 0) {
        count = -count;
        readLong();
      }
      for (; count > 0; count--) {
        if (++entries > METADATA_ENTRIES_MAX) {
          throw damaged("more than " + METADATA_ENTRIES_MAX + " metadata", null);
        }
        String key = readString();
        String value = readString();
        if (key.equals("avro.codec")) {
          codec = value;
        } else if (key.equals("avro.schema")) {
          written = value;
        }
      }
    }
    fill(SYNC_BYTES);
    sync = Arrays.copyOf(frame, SYNC_BYTES);
    String text = written;
    packed = codec.equals(ContainerWriter.CODEC);
    if (!packed && !codec.equals("null")) {
      throw new NewerFormatException(object.key(), "codec " + codec, ContainerWriter.CODEC);
    }
    Optional<FileSchema> same =
        expected.stream().filter(known -> known.json().equals(text)).findFirst();
    if (same.isPresent()) {
      olderSchema = null;
      schema = same.get().schema();
    } else {
      Schema older = parse(text);
      olderSchema = older;
      schema = sameRecord(expected, older);
    }
  }

  /**
   * Opens an object that a manifest names.
   *
   * @param expected schemas of different records, of which the file holds one
   * @throws DamagedException if it is missing or does not begin as it should
   * @throws IOException if the repository cannot be read
   */
  static ContainerReader open(
      Repository repository, Manifest.StoredObject object, List<FileSchema> expected)
      throws IOException {
    InputStream in;
    try {
      in = repository.read(object.key(), 0);
    } catch (NoSuchFileException e) {
      throw new DamagedException(object.key(), "it is missing", e);
    }
    InputStream buffered = new BufferedInputStream(in, STREAM_BUFFER_BYTES);
    try {
      return new ContainerReader(buffered, object, expected);
    } catch (IOException | RuntimeException e) {
      buffered.close();
      throw e;
    }
  }

  /** The expected schema that the data are in. */
  Schema schema() {
    return schema;
  }

  /** A block's data, in the expected schema, in an array that is not written to any more. */
  record Block(AvroInput data, long count) {}

  /**
   * The next block; null after the last, when length and hash of the whole have been checked.
   *
   * @throws DamagedException if the object is not what its manifest says
   */
  @Nullable Block next() throws IOException {
    if (ended) {
      return null;
    }
    int first = readByteOrEnd();
    if (first < 0) {
      ended = true;
      checkWhole();
      return null;
    }
    long start = offset - 1;
    long count = readLong(first);
    long size = readLong();
    if (count < 0 || size < 0 || size > object.bytes() - offset) {
      throw damaged(
          "a block of " + count + " data and " + size + " bytes at offset " + start, null);
    }
    fill((int) Math.min(size, Integer.MAX_VALUE - 8));
    Block result = resolve(unpack((int) size, start), count, start);
    fill(SYNC_BYTES);
    if (!Arrays.equals(frame, 0, SYNC_BYTES, sync, 0, SYNC_BYTES)) {
      throw damaged("no sync marker after the block at offset " + start, null);
    }
    return result;
  }

  /** Bytes read so far. */
  long offset() {
    return offset;
  }

  DamagedException damaged(String what, @Nullable Throwable cause) {
    return new DamagedException(object.key(), what, cause);
  }

  @Override
  public void close() throws IOException {
    zstd.close();
    in.close();
  }

  private void checkWhole() {
    if (offset != object.bytes()) {
      throw damaged("it has " + offset + " bytes, not " + object.bytes(), null);
    }
    String actual = Digests.hex(digest);
    if (!actual.equals(object.sha256())) {
      throw damaged("its sha256 is " + actual + ", not " + object.sha256(), null);
    }
  }

  private AvroInput unpack(int size, long start) {
    if (!packed) {
      byte[] copy = Arrays.copyOf(frame, size);
      return new AvroInput(copy, 0, size);
    }
    try {
      long length = Zstd.getFrameContentSize(frame, 0, size);
      if (length > BLOCK_BYTES_MAX) {
        throw damaged("a block of " + length + " bytes at offset " + start, null);
      }
      if (length <= 0) {
        return unpackStream(size, start); // other writers leave the length out
      }
      byte[] block = new byte[(int) length];
      int actual = zstd.decompressByteArray(block, 0, (int) length, frame, 0, size);
      return new AvroInput(block, 0, actual);
    } catch (ZstdException e) {
      throw damaged("the block at offset " + start + " cannot be unpacked", e);
    }
  }

  private AvroInput unpackStream(int size, long start) {
    try (ZstdInputStream unpacked = new ZstdInputStream(new ByteArrayInputStream(frame, 0, size))) {
      byte[] bytes = unpacked.readNBytes(BLOCK_BYTES_MAX);
      return new AvroInput(bytes, 0, bytes.length);
    } catch (IOException e) {
      throw damaged("the block at offset " + start + " cannot be unpacked", e);
    }
  }

  private Block resolve(AvroInput data, long count, long start) {
    if (olderSchema == null) {
      return new Block(data, count);
    }
    try {
      BinaryDecoder decoder =
          DecoderFactory.get().binaryDecoder(data.array(), data.position(), data.remaining(), null);
      GenericDatumReader<Object> reader = new GenericDatumReader<>(olderSchema, schema);
      GenericDatumWriter<Object> writer = new GenericDatumWriter<>(schema);
      ByteArrayOutputStream bytes = new ByteArrayOutputStream(data.remaining());
      BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
      for (long i = 0; i < count; i++) {
        writer.write(reader.read(null, decoder), encoder);
      }
      encoder.flush();
      return new Block(new AvroInput(bytes.toByteArray()), count);
    } catch (IOException | RuntimeException e) {
      throw damaged("the block at offset " + start + " does not fit its schema", e);
    }
  }

  private Schema parse(String written) {
    try {
      return new Schema.Parser().parse(written);
    } catch (RuntimeException e) { // the parser throws what it likes at text that is no schema
      throw damaged("its schema cannot be read", e);
    }
  }

  /** The schema of the record that was written; where there is none, no block will fit. */
  private static Schema sameRecord(List<FileSchema> expected, Schema written) {
    return expected.stream()
        .map(FileSchema::schema)
        .filter(known -> known.getFullName().equals(written.getFullName()))
        .findFirst()
        .orElse(expected.get(0).schema());
  }

  private String readString() throws IOException {
    long count = readLong();
    if (count < 0 || count > METADATA_BYTES_MAX) {
      throw damaged("metadata of " + count + " bytes", null);
    }
    fill((int) count);
    return new String(frame, 0, (int) count, StandardCharsets.UTF_8);
  }

  private long readLong() throws IOException {
    int first = readByteOrEnd();
    if (first < 0) {
      throw cutOff();
    }
    return readLong(first);
  }

  private long readLong(int first) throws IOException {
    byte[] varint = new byte[10];
    int length = 0;
    varint[length++] = (byte) first;
    while (varint[length - 1] < 0 && length < varint.length) {
      int next = readByteOrEnd();
      if (next < 0) {
        throw cutOff();
      }
      varint[length++] = (byte) next;
    }
    try {
      return new AvroInput(varint, 0, length).readLong();
    } catch (MalformedRecordException e) {
      throw damaged("no number before offset " + offset, e);
    }
  }

  private int readByteOrEnd() throws IOException {
    int value = in.read();
    if (value >= 0) {
      digest.update((byte) value);
      offset++;
    }
    return value;
  }

  /** Reads this many bytes into {@link #frame}. */
  private void fill(int count) throws IOException {
    if (frame.length < count) {
      frame = new byte[count];
    }
    int got = in.readNBytes(frame, 0, count);
    digest.update(frame, 0, got);
    offset += got;
    if (got < count) {
      throw cutOff();
    }
  }

  private DamagedException cutOff() {
    return damaged("it ends at byte " + offset + " of " + object.bytes(), null);
  }
}
