package dev.varve.archive.crypt;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The key that an operator keeps: 256 bits that wrap the repository's keys and encrypt nothing
 * else. It is never printed and never written to a repository.
 */
public final class MasterKey {

  private static final int ID_BYTES = 8;
  private static final String HMAC = "HmacSHA256";

  private final byte[] wrapping;
  private final byte[] authenticating;
  private final String id;

  private MasterKey(byte[] bytes) {
    this.wrapping = hmac(bytes, ascii("varve master key: wrap"));
    this.authenticating = hmac(bytes, ascii("varve master key: mac"));
    this.id =
        HexFormat.of()
            .formatHex(Arrays.copyOf(hmac(bytes, ascii("varve master key: id")), ID_BYTES));
  }

  /**
   * A key of its 32 bytes.
   *
   * @throws VarveException if there are not so many, or they are all the same
   */
  public static MasterKey of(byte[] bytes, String origin) {
    if (bytes.length != Gcm.KEY_BYTES) {
      throw notAKey(origin, "it has " + bytes.length + " bytes");
    }
    byte[] same = new byte[bytes.length];
    Arrays.fill(same, bytes[0]);
    if (Arrays.equals(same, bytes)) {
      throw notAKey(origin, "all its bytes are the same");
    }
    return new MasterKey(bytes);
  }

  /**
   * A key of its text: 64 hexadecimal digits or base64 (either alphabet), white space around it.
   *
   * @param origin for messages, such as a file or a variable
   */
  public static MasterKey parse(String text, String origin) {
    String key = text.strip();
    if (key.matches("[0-9a-fA-F]{64}")) {
      return of(HexFormat.of().parseHex(key), origin);
    }
    try {
      return of(Base64.getDecoder().decode(key.replace('-', '+').replace('_', '/')), origin);
    } catch (IllegalArgumentException e) {
      // the decoder quotes what it was given, so its exception must not be passed on
      throw notAKey(origin, "it is neither base64 nor hexadecimal");
    }
  }

  /** A key as a file or command has it: 32 bytes as they are, or text. */
  static MasterKey ofContent(byte[] content, String origin) {
    return content.length == Gcm.KEY_BYTES
        ? of(content, origin)
        : parse(new String(content, StandardCharsets.ISO_8859_1), origin);
  }

  /** Text for a new key file: base64 and a line feed. */
  public static String generate(SecureRandom random) {
    byte[] bytes = new byte[Gcm.KEY_BYTES];
    random.nextBytes(bytes);
    return Base64.getEncoder().encodeToString(bytes) + "\n";
  }

  /** Tells one key from another and says nothing about it: 16 hexadecimal digits. */
  public String id() {
    return id;
  }

  /** The nonce, then the encrypted key and its tag. */
  byte[] wrap(byte[] key, byte[] associated, SecureRandom random) {
    byte[] nonce = new byte[Gcm.NONCE_BYTES];
    random.nextBytes(nonce);
    byte[] sealed = new Gcm(wrapping).seal(nonce, associated, key);
    byte[] wrapped = Arrays.copyOf(nonce, nonce.length + sealed.length);
    System.arraycopy(sealed, 0, wrapped, nonce.length, sealed.length);
    return wrapped;
  }

  Optional<byte[]> unwrap(byte[] wrapped, byte[] associated) {
    if (wrapped.length != Gcm.NONCE_BYTES + Gcm.KEY_BYTES + Gcm.TAG_BYTES) {
      return Optional.empty();
    }
    return new Gcm(wrapping)
        .open(
            Arrays.copyOf(wrapped, Gcm.NONCE_BYTES),
            associated,
            Arrays.copyOfRange(wrapped, Gcm.NONCE_BYTES, wrapped.length));
  }

  /** Who does not know the key cannot make it. */
  byte[] mac(byte[] bytes) {
    return hmac(authenticating, bytes);
  }

  private static byte[] hmac(byte[] key, byte[] message) {
    try {
      Mac mac = Mac.getInstance(HMAC);
      mac.init(new SecretKeySpec(key, HMAC));
      return mac.doFinal(message);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has " + HMAC, e);
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static VarveException notAKey(String origin, String why) {
    return new VarveException(
        ExitCode.USAGE,
        "the repository key from " + origin + " is none: " + why,
        "a key is 32 random bytes, as they are, in base64 or in hexadecimal digits;"
            + " 'varve key generate FILE' makes one");
  }

  @Override
  public String toString() {
    return "master key " + id;
  }
}
