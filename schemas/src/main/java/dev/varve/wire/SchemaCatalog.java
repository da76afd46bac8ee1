package dev.varve.wire;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.avro.Schema;

/**
 * Every version of every schema that Varve ever wrote records with, in a fixed order: the n-th has
 * the id n in the embedded registry. Later versions are appended, so ids never change.
 *
 * <p>The schemas are files of the jar, {@code dev/varve/wire/<name>/v<n>.avsc}; {@code
 * dev/varve/wire/catalogue} is their order.
 *
 * @param entries in the order of their ids
 */
public record SchemaCatalog(List<Entry> entries) {

  private static final String ROOT = "/dev/varve/wire/";
  private static final Pattern LINE = Pattern.compile("([0-9]+) ([a-z-]+)/v([0-9]+)");

  /**
   * One version of one schema.
   *
   * @param version counts from 1 for each kind
   */
  public record Entry(RecordKind kind, int version, Schema schema) {}

  public SchemaCatalog {
    entries = List.copyOf(entries);
    int[] versions = new int[RecordKind.values().length];
    for (Entry entry : entries) {
      int expected = ++versions[entry.kind().ordinal()];
      if (entry.version() != expected) {
        throw new IllegalArgumentException(
            "expected version " + expected + " of " + entry.kind() + ", got " + entry.version());
      }
      if (!entry.schema().getFullName().equals(entry.kind().fullName())) {
        throw new IllegalArgumentException(
            entry.kind() + " must be " + entry.kind().fullName() + ", got " + entry.schema());
      }
    }
    for (RecordKind kind : RecordKind.values()) {
      if (versions[kind.ordinal()] == 0) {
        throw new IllegalArgumentException("no schema for " + kind);
      }
    }
  }

  /** Reads the catalogue that comes with this version of Varve. */
  public static SchemaCatalog load() {
    List<Entry> entries = new ArrayList<>();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(resource("catalogue"), StandardCharsets.US_ASCII))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (!line.startsWith("#")) {
          entries.add(entry(line, entries.size() + 1));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new SchemaCatalog(entries);
  }

  /** The schema that records of the kind are written with. */
  public Schema newest(RecordKind kind) {
    List<Schema> history = history(kind);
    return history.get(history.size() - 1);
  }

  /** All versions of the kind's schema, oldest first. */
  public List<Schema> history(RecordKind kind) {
    return entries.stream().filter(e -> e.kind() == kind).map(Entry::schema).toList();
  }

  private static Entry entry(String line, int expectedId) throws IOException {
    Matcher matcher = LINE.matcher(line);
    if (!matcher.matches() || Integer.parseInt(matcher.group(1)) != expectedId) {
      throw new IllegalStateException(
          "the catalogue's line " + expectedId + " is not an entry of that number: " + line);
    }
    String name = matcher.group(2);
    int version = Integer.parseInt(matcher.group(3));
    RecordKind kind =
        RecordKind.ofDirectory(name)
            .orElseThrow(() -> new IllegalStateException("the catalogue names " + name));
    try (InputStream in = resource(name + "/v" + version + ".avsc")) {
      return new Entry(kind, version, new Schema.Parser().parse(in));
    }
  }

  private static InputStream resource(String name) {
    InputStream in = SchemaCatalog.class.getResourceAsStream(ROOT + name);
    if (in == null) {
      throw new IllegalStateException("not in the jar: " + ROOT + name);
    }
    return in;
  }
}
