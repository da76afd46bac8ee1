package dev.varve.archive.crypt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.varve.archive.DamagedException;
import dev.varve.archive.JsonTree;
import dev.varve.archive.NewerFormatException;
import dev.varve.archive.SealedJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The repository's keys, wrapped by a master key: an immutable object {@code keys/<20 digits>.json}
 * that is not encrypted itself. The one with the greatest number counts.
 *
 * <p>UTF-8, two spaces of indentation; the last two members are a MAC and a checksum over all bytes
 * before their names.
 *
 * @param masterKeyId of the master key that wrapped the keys
 * @param keys oldest first; the last one is for new objects
 */
public record Keyring(long number, String masterKeyId, List<Wrapped> keys, Instant createdAt) {

  /** What all keys of keyrings begin with. */
  public static final String PREFIX = "keys/";

  private static final SealedJson.Format FORMAT = new SealedJson.Format("varve-keyring", 1, 0);
  private static final Pattern KEY = Pattern.compile("keys/([0-9]{20})\\.json");
  private static final String MAC = "mac";

  public Keyring {
    if (number < 1) {
      throw new IllegalArgumentException("number must be >= 1, got " + number);
    }
    if (keys.isEmpty()) {
      throw new IllegalArgumentException("no keys");
    }
    keys = List.copyOf(keys);
  }

  /**
   * A repository key as it lies there.
   *
   * @param id 32 hexadecimal digits
   * @param wrapped base64 of nonce, encrypted key and tag
   */
  public record Wrapped(String id, String wrapped, Instant createdAt) {
    public Wrapped {
      if (!id.matches("[0-9a-f]{32}")) {
        throw new IllegalArgumentException("not the id of a key: '" + id + "'");
      }
    }

    byte[] bytes() {
      return Base64.getDecoder().decode(wrapped);
    }

    /** What is authenticated together with the key. */
    static byte[] associated(String id) {
      return ("varve repository key " + id).getBytes(StandardCharsets.US_ASCII);
    }
  }

  /** The key of the object with this number. */
  static String key(long number) {
    return PREFIX + String.format("%020d", number) + ".json";
  }

  /** The number in a keyring's key; empty if it is not one of a keyring. */
  static OptionalLong numberOf(String key) {
    Matcher matcher = KEY.matcher(key);
    try {
      return matcher.matches()
          ? OptionalLong.of(Long.parseLong(matcher.group(1)))
          : OptionalLong.empty();
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    }
  }

  public String key() {
    return key(number);
  }

  /** The keyring's bytes. */
  byte[] write(MasterKey master) {
    ObjectNode json = SealedJson.begin(FORMAT);
    json.put("number", number);
    json.put("masterKeyId", masterKeyId);
    ArrayNode list = json.putArray("keys");
    for (Wrapped wrapped : keys) {
      list.addObject()
          .put("id", wrapped.id())
          .put("wrapped", wrapped.wrapped())
          .put("createdAt", wrapped.createdAt().truncatedTo(ChronoUnit.MILLIS).toString());
    }
    json.put("createdAt", createdAt.truncatedTo(ChronoUnit.MILLIS).toString());
    String open = SealedJson.open(json);
    byte[] mac = master.mac(open.getBytes(StandardCharsets.UTF_8));
    return SealedJson.seal(SealedJson.with(open, MAC, HexFormat.of().formatHex(mac)));
  }

  /**
   * Reads a keyring. Its MAC is checked by {@link #isBy}.
   *
   * @throws DamagedException if the bytes are none
   * @throws NewerFormatException if its major version is not known
   */
  static Keyring read(String key, byte[] bytes) {
    Keyring ring = SealedJson.read(key, bytes, FORMAT, Keyring::of);
    if (!ring.key().equals(key)) {
      throw new DamagedException(key, "it says that it is number " + ring.number(), null);
    }
    return ring;
  }

  private static Keyring of(JsonNode json) {
    List<Wrapped> keys = new ArrayList<>();
    for (JsonNode each : json.path("keys")) {
      keys.add(
          new Wrapped(
              JsonTree.text(each, "id"),
              JsonTree.text(each, "wrapped"),
              Instant.parse(JsonTree.text(each, "createdAt"))));
    }
    return new Keyring(
        json.path("number").asLong(),
        JsonTree.text(json, "masterKeyId"),
        keys,
        Instant.parse(JsonTree.text(json, "createdAt")));
  }

  /** Whether whoever wrote these bytes had the master key. */
  static boolean isBy(MasterKey master, byte[] bytes) {
    try {
      byte[] said = HexFormat.of().parseHex(JsonTree.text(SealedJson.parse(bytes), MAC));
      return MessageDigest.isEqual(said, master.mac(SealedJson.before(bytes, MAC)));
    } catch (IOException | IllegalArgumentException e) {
      return false;
    }
  }
}
