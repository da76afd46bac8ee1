package dev.varve.archive.crypt;

import dev.varve.archive.DamagedException;
import dev.varve.archive.NewerFormatException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/**
 * The format of an encrypted object, version 1: a header of fixed length, then the content in
 * chunks, each encrypted and authenticated by itself with its place, with whether it is the last,
 * with the header and with the object's name. {@code docs/format/encryption.md} describes it.
 *
 * <p>Memory: one chunk, encrypted and not.
 */
final class ObjectCipher {

  static final byte[] MAGIC = {'V', 'A', 'R', 'V', 'E', 'C', 'R'};
  static final int VERSION = 1;
  static final int KEY_ID_BYTES = 16;
  static final int CHUNK_BYTES = 64 * 1024;
  static final int SEALED_CHUNK_BYTES = CHUNK_BYTES + Gcm.TAG_BYTES;

  private static final int KEY_ID_AT = MAGIC.length + 1;
  private static final int NONCE_AT = KEY_ID_AT + KEY_ID_BYTES;
  private static final int WRAPPED_AT = NONCE_AT + Gcm.NONCE_BYTES;
  static final int HEADER_BYTES = WRAPPED_AT + Gcm.KEY_BYTES + Gcm.TAG_BYTES;

  private static final byte[] NONE = new byte[0];

  private final String name;
  private final byte[] associated;
  private final Gcm gcm;

  /** Finds a repository key by its id. */
  interface Keys {
    Optional<byte[]> find(String id) throws IOException;
  }

  private ObjectCipher(String name, byte[] header, byte[] dataKey) {
    this.name = name;
    this.associated = concat(header, name.getBytes(StandardCharsets.UTF_8));
    this.gcm = new Gcm(dataKey);
  }

  /** How long an object is once it is encrypted. */
  static long sealedBytes(long plainBytes) {
    long chunks = Math.max(1, (plainBytes + CHUNK_BYTES - 1) / CHUNK_BYTES);
    return HEADER_BYTES + plainBytes + chunks * Gcm.TAG_BYTES;
  }

  /**
   * How long the content of an encrypted object is. Of a length that no encrypted object has, some
   * number: whoever reads the object finds that it is damaged.
   */
  static long plainBytes(long sealedBytes) {
    long body = Math.max(0, sealedBytes - HEADER_BYTES);
    long chunks = (body + SEALED_CHUNK_BYTES - 1) / SEALED_CHUNK_BYTES;
    return Math.max(0, body - chunks * Gcm.TAG_BYTES);
  }

  /** Where in an encrypted object the chunk begins that has this place of the content. */
  static long sealedOffset(long chunk) {
    return HEADER_BYTES + chunk * SEALED_CHUNK_BYTES;
  }

  /**
   * Encrypts an object under a new data key.
   *
   * @param name the object's key in the repository
   * @param keyId of the repository key
   */
  static void encrypt(
      String name,
      String keyId,
      byte[] repositoryKey,
      SecureRandom random,
      InputStream in,
      OutputStream out)
      throws IOException {
    byte[] dataKey = new byte[Gcm.KEY_BYTES];
    byte[] nonce = new byte[Gcm.NONCE_BYTES];
    random.nextBytes(dataKey);
    random.nextBytes(nonce);
    byte[] front =
        concat(concat(MAGIC, new byte[] {VERSION}), concat(HexFormat.of().parseHex(keyId), nonce));
    byte[] wrapped = new Gcm(repositoryKey).seal(nonce, wrapAssociated(front, name), dataKey);
    byte[] header = concat(front, wrapped);
    out.write(header);
    new ObjectCipher(name, header, dataKey).encryptChunks(in, out);
  }

  private void encryptChunks(InputStream in, OutputStream out) throws IOException {
    byte[] plain = new byte[CHUNK_BYTES + 1]; // one more, to know whether more follows
    byte[] sealed = new byte[SEALED_CHUNK_BYTES];
    int have = 0;
    for (long chunk = 0; ; chunk++) {
      have += in.readNBytes(plain, have, plain.length - have);
      boolean last = have <= CHUNK_BYTES;
      int length = Math.min(have, CHUNK_BYTES);
      out.write(sealed, 0, gcm.seal(nonce(chunk, last), associated, plain, 0, length, sealed));
      if (last) {
        return;
      }
      plain[0] = plain[CHUNK_BYTES];
      have = 1;
    }
  }

  /**
   * Makes a cipher of a header that was read.
   *
   * @throws DamagedException if it is no header, or none of this object
   */
  static ObjectCipher of(String name, byte[] header, Keys keys) throws IOException {
    int magic = Math.min(header.length, MAGIC.length);
    if (!Arrays.equals(header, 0, magic, MAGIC, 0, magic) || header.length == 0) {
      throw new DamagedException(
          name, "it is not encrypted, in a repository where everything is", null);
    }
    if (header.length > MAGIC.length && header[MAGIC.length] != VERSION) {
      throw new NewerFormatException(
          name, "encryption " + (header[MAGIC.length] & 0xff), "encryption " + VERSION);
    }
    if (header.length < HEADER_BYTES) {
      throw cutOff(name, header.length);
    }
    byte[] front = Arrays.copyOf(header, WRAPPED_AT);
    String keyId = HexFormat.of().formatHex(header, KEY_ID_AT, NONCE_AT);
    byte[] repositoryKey =
        keys.find(keyId)
            .orElseThrow(
                () ->
                    new DamagedException(
                        name, "no keyring has its repository key, " + keyId, null));
    byte[] dataKey =
        new Gcm(repositoryKey)
            .open(
                Arrays.copyOfRange(header, NONCE_AT, WRAPPED_AT),
                wrapAssociated(front, name),
                Arrays.copyOfRange(header, WRAPPED_AT, HEADER_BYTES))
            .orElseThrow(
                () ->
                    new DamagedException(
                        name,
                        "its data key does not unwrap: its header was altered, or it is another"
                            + " object's content",
                        null));
    return new ObjectCipher(name, header, dataKey);
  }

  /**
   * Decrypts the chunks from a given one on. Nothing is given out before it was authenticated.
   *
   * @param in stands at the beginning of that chunk; is closed with the stream
   */
  InputStream decrypt(InputStream in, long firstChunk) {
    return new Decrypting(in, firstChunk);
  }

  /** Eleven bytes of counter, big endian, and one that says whether it is the last chunk. */
  private static byte[] nonce(long chunk, boolean last) {
    return ByteBuffer.allocate(Gcm.NONCE_BYTES)
        .putInt(3, (int) (chunk >>> 32))
        .putInt(7, (int) chunk)
        .put(Gcm.NONCE_BYTES - 1, (byte) (last ? 1 : 0))
        .array();
  }

  private static byte[] wrapAssociated(byte[] front, String name) {
    return concat(Arrays.copyOf(front, NONCE_AT), name.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] concat(byte[] a, byte[] b) {
    byte[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  private static DamagedException cutOff(String name, long offset) {
    return new DamagedException(name, "it is cut off at byte " + offset, null);
  }

  private final class Decrypting extends InputStream {

    private final InputStream in;
    private final byte[] sealed = new byte[SEALED_CHUNK_BYTES + 1];
    private byte[] plain = NONE;
    private int have;
    private int at;
    private int end;
    private long chunk;
    private boolean ended;

    Decrypting(InputStream in, long firstChunk) {
      this.in = in;
      this.chunk = firstChunk;
    }

    @Override
    public int read() throws IOException {
      return fill() ? plain[at++] & 0xff : -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      if (!fill()) {
        return -1;
      }
      int count = Math.min(length, end - at);
      System.arraycopy(plain, at, target, offset, count);
      at += count;
      return count;
    }

    @Override
    public int available() {
      return end - at;
    }

    @Override
    public void close() throws IOException {
      in.close();
    }

    /** Whether there is something to give out. */
    private boolean fill() throws IOException {
      while (at == end) {
        if (ended) {
          return false;
        }
        next();
      }
      return true;
    }

    private void next() throws IOException {
      have += in.readNBytes(sealed, have, sealed.length - have);
      boolean last = have <= SEALED_CHUNK_BYTES;
      int length = Math.min(have, SEALED_CHUNK_BYTES);
      // the empty object alone has an empty chunk
      if (length < Gcm.TAG_BYTES || (length == Gcm.TAG_BYTES && chunk > 0)) {
        throw cutOff(name, sealedOffset(chunk) + have);
      }
      if (plain.length == 0) {
        plain = new byte[CHUNK_BYTES];
      }
      int opened = gcm.open(nonce(chunk, last), associated, sealed, 0, length, plain);
      if (opened < 0) {
        throw new DamagedException(
            name,
            "chunk "
                + chunk
                + " at byte "
                + sealedOffset(chunk)
                + " does not decrypt: it was altered"
                + (last ? ", or what follows it is cut off" : ""),
            null);
      }
      at = 0;
      end = opened;
      chunk++;
      ended = last;
      if (!last) {
        sealed[0] = sealed[SEALED_CHUNK_BYTES];
        have = 1;
      }
    }
  }
}
