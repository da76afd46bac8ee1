package dev.varve.archive.crypt;

import java.security.GeneralSecurityException;
import java.util.Optional;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** AES-256-GCM with tags of 128 bits. One thread. */
final class Gcm {

  static final int KEY_BYTES = 32;
  static final int NONCE_BYTES = 12;
  static final int TAG_BYTES = 16;

  private static final int TAG_BITS = 8 * TAG_BYTES;

  private final Cipher cipher;
  private final SecretKeySpec key;

  Gcm(byte[] key) {
    if (key.length != KEY_BYTES) {
      throw new IllegalArgumentException("a key has 32 bytes, got " + key.length);
    }
    try {
      this.cipher = Cipher.getInstance("AES/GCM/NoPadding");
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has AES-GCM", e);
    }
    this.key = new SecretKeySpec(key, "AES");
  }

  /** Encrypts; a nonce may be used once with a key. Returns the length of what was put out. */
  int seal(byte[] nonce, byte[] associated, byte[] in, int offset, int length, byte[] out) {
    try {
      cipher.init(Cipher.ENCRYPT_MODE, key, new GCMParameterSpec(TAG_BITS, nonce));
      cipher.updateAAD(associated);
      return cipher.doFinal(in, offset, length, out, 0);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("cannot encrypt", e);
    }
  }

  byte[] seal(byte[] nonce, byte[] associated, byte[] in) {
    byte[] out = new byte[in.length + TAG_BYTES];
    seal(nonce, associated, in, 0, in.length, out);
    return out;
  }

  /** Decrypts; returns the length of what was put out, or -1 if it is not what was encrypted. */
  int open(byte[] nonce, byte[] associated, byte[] in, int offset, int length, byte[] out) {
    try {
      cipher.init(Cipher.DECRYPT_MODE, key, new GCMParameterSpec(TAG_BITS, nonce));
      cipher.updateAAD(associated);
      return cipher.doFinal(in, offset, length, out, 0);
    } catch (AEADBadTagException e) {
      return -1;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("cannot decrypt", e);
    }
  }

  Optional<byte[]> open(byte[] nonce, byte[] associated, byte[] in) {
    if (in.length < TAG_BYTES) {
      return Optional.empty();
    }
    byte[] out = new byte[in.length - TAG_BYTES];
    return open(nonce, associated, in, 0, in.length, out) < 0 ? Optional.empty() : Optional.of(out);
  }
}
