package dev.varve.archive.crypt;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.varve.archive.DamagedException;
import dev.varve.archive.NewerFormatException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
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

  static final String FORMAT = "varve-keyring";
  static final int MAJOR = 1;
  static final int MINOR = 0;

  private static final Pattern KEY = Pattern.compile("keys/([0-9]{20})\\.json");
  private static final Pattern VERSION = Pattern.compile("([0-9]{1,6})\\.([0-9]{1,6})");
  private static final String MAC = "mac";
  private static final String CHECKSUM = "checksum";

  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .build();

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
    ObjectNode json = MAPPER.createObjectNode();
    json.put("format", FORMAT);
    json.put("version", MAJOR + "." + MINOR);
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
    String text = text(json);
    String open = text.substring(0, text.lastIndexOf("\n}")) + ",\n  ";
    open += "\"" + MAC + "\" : \"" + hex(master.mac(utf8(open))) + "\",\n  ";
    open += "\"" + CHECKSUM + "\" : \"" + sha256(utf8(open)) + "\"\n}\n";
    return utf8(open);
  }

  /**
   * Reads a keyring. Its MAC is checked by {@link #isBy}.
   *
   * @throws DamagedException if the bytes are none
   * @throws NewerFormatException if its major version is not known
   */
  static Keyring read(String key, byte[] bytes) {
    try {
      JsonNode json = MAPPER.readTree(bytes);
      if (json == null || !json.isObject()) {
        throw new DamagedException(key, "not a JSON object", null);
      }
      String version = text(json, "version");
      Matcher matcher = VERSION.matcher(version);
      if (!text(json, "format").equals(FORMAT) || !matcher.matches()) {
        throw new DamagedException(key, "it is not a keyring", null);
      }
      if (Integer.parseInt(matcher.group(1)) != MAJOR) {
        throw new NewerFormatException(key, version, MAJOR + "." + MINOR);
      }
      String checksum = sha256(before(bytes, CHECKSUM));
      if (!checksum.equals(text(json, CHECKSUM))) {
        throw new DamagedException(
            key, "its checksum is " + checksum + ", not " + text(json, CHECKSUM), null);
      }
      List<Wrapped> keys = new ArrayList<>();
      for (JsonNode each : json.path("keys")) {
        keys.add(
            new Wrapped(
                text(each, "id"), text(each, "wrapped"), Instant.parse(text(each, "createdAt"))));
      }
      Keyring ring =
          new Keyring(
              json.path("number").asLong(),
              text(json, "masterKeyId"),
              keys,
              Instant.parse(text(json, "createdAt")));
      if (!ring.key().equals(key)) {
        throw new DamagedException(key, "it says that it is number " + ring.number(), null);
      }
      return ring;
    } catch (JsonProcessingException e) {
      throw new DamagedException(
          key, "not JSON at byte " + e.getLocation().getByteOffset() + " of " + bytes.length, e);
    } catch (IOException e) {
      throw new DamagedException(key, "not JSON", e);
    } catch (IllegalArgumentException | DateTimeException e) {
      throw new DamagedException(key, String.valueOf(e.getMessage()), e);
    }
  }

  /** Whether whoever wrote these bytes had the master key. */
  static boolean isBy(MasterKey master, byte[] bytes) {
    try {
      byte[] said = HexFormat.of().parseHex(text(MAPPER.readTree(bytes), MAC));
      return MessageDigest.isEqual(said, master.mac(before(bytes, MAC)));
    } catch (IOException | IllegalArgumentException e) {
      return false;
    }
  }

  private static byte[] before(byte[] bytes, String name) {
    int at = new String(bytes, StandardCharsets.ISO_8859_1).lastIndexOf("\"" + name + "\"");
    return Arrays.copyOf(bytes, Math.max(at, 0));
  }

  private static String text(JsonNode json, String name) {
    JsonNode node = json.get(name);
    if (node == null || !node.isTextual()) {
      throw new IllegalArgumentException("no text '" + name + "'");
    }
    return node.textValue();
  }

  private static String text(ObjectNode json) {
    DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
    DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
    printer.indentObjectsWith(indenter);
    printer.indentArraysWith(indenter);
    try {
      return MAPPER.writer(printer).writeValueAsString(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree can always be written", e);
    }
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private static String sha256(byte[] bytes) {
    try {
      return hex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
