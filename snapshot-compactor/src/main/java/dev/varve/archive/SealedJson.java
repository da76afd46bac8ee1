package dev.varve.archive;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.util.Arrays;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A JSON object that names its format and version and carries a checksum of itself.
 *
 * <p>The same members always give the same bytes: UTF-8, two spaces of indentation, line feeds, one
 * at the end. The last member is a sha256 over all bytes before its name. Members that are not
 * known are ignored, a major version that is not known is refused.
 */
public final class SealedJson {

  private static final String CHECKSUM = "checksum";
  private static final Pattern VERSION = Pattern.compile("([0-9]{1,6})\\.([0-9]{1,6})");

  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .build();

  private SealedJson() {}

  /** What an object is, and the newest version of it; this program reads all before it too. */
  public record Format(String name, int major, int minor) {
    private String version() {
      return major + "." + minor;
    }
  }

  /** An object that has its format and version and no more. */
  public static ObjectNode begin(Format format) {
    return MAPPER.createObjectNode().put("format", format.name()).put("version", format.version());
  }

  /** The text of an object up to where its last members are going to stand. */
  public static String open(ObjectNode json) {
    DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
    DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
    printer.indentObjectsWith(indenter);
    printer.indentArraysWith(indenter);
    try {
      String text = MAPPER.writer(printer).writeValueAsString(json);
      return text.substring(0, text.lastIndexOf("\n}")) + ",\n  ";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree can always be written", e);
    }
  }

  /** An open text and one member more. */
  public static String with(String open, String name, String value) {
    return open + "\"" + name + "\" : \"" + value + "\",\n  ";
  }

  /** An open text with the checksum at its end. */
  public static byte[] seal(String open) {
    String checksum = Digests.sha256Of(open.getBytes(StandardCharsets.UTF_8));
    return (open + "\"" + CHECKSUM + "\" : \"" + checksum + "\"\n}\n")
        .getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads an object.
   *
   * @param key under which it lies, for messages
   * @param reader of its other members; an {@link IllegalArgumentException} is damage
   * @throws DamagedException if the bytes are not such an object
   * @throws NewerFormatException if its major version is not known
   */
  public static <T> T read(String key, byte[] bytes, Format format, Function<JsonNode, T> reader) {
    try {
      JsonNode json = parse(bytes);
      checkFormat(key, format, json);
      String said = JsonTree.text(json, CHECKSUM);
      String actual = Digests.sha256Of(before(bytes, CHECKSUM));
      if (!actual.equals(said)) {
        throw new DamagedException(key, "its checksum is " + actual + ", not " + said, null);
      }
      return reader.apply(json);
    } catch (JsonProcessingException e) {
      throw new DamagedException(
          key, "not JSON at byte " + e.getLocation().getByteOffset() + " of " + bytes.length, e);
    } catch (IOException e) {
      throw new DamagedException(key, "not JSON", e);
    } catch (IllegalArgumentException | DateTimeException | ArithmeticException e) {
      throw new DamagedException(key, String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * The members of an object, unchecked.
   *
   * @throws IOException if the bytes are not JSON
   * @throws IllegalArgumentException if they are not an object
   */
  public static JsonNode parse(byte[] bytes) throws IOException {
    JsonNode json = MAPPER.readTree(bytes);
    if (json == null || !json.isObject()) {
      throw new IllegalArgumentException("not a JSON object");
    }
    return json;
  }

  /** The bytes before a member near the end, which it is a checksum of. */
  public static byte[] before(byte[] bytes, String name) {
    int at = new String(bytes, StandardCharsets.ISO_8859_1).lastIndexOf("\"" + name + "\"");
    return Arrays.copyOf(bytes, Math.max(at, 0));
  }

  private static void checkFormat(String key, Format format, JsonNode json) {
    String name = JsonTree.text(json, "format");
    if (!name.equals(format.name())) {
      throw new DamagedException(key, "format is '" + name + "', not " + format.name(), null);
    }
    String version = JsonTree.text(json, "version");
    Matcher matcher = VERSION.matcher(version);
    if (!matcher.matches()) {
      throw new DamagedException(key, "version is '" + version + "'", null);
    }
    int major = Integer.parseInt(matcher.group(1));
    if (major < 1 || major > format.major()) {
      throw new NewerFormatException(key, version, format.version());
    }
  }
}
