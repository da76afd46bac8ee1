package dev.varve.restore.target.dir;

import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads back the files that {@link CsvFiles} writes, header and all. */
final class CsvReader {

  private static final int FIXED_VERTEX_COLUMNS = 2;
  private static final int FIXED_EDGE_COLUMNS = 3;

  private final Path directory;
  private final char arrayDelimiter;

  CsvReader(Path directory, char arrayDelimiter) {
    this.directory = directory;
    this.arrayDelimiter = arrayDelimiter;
  }

  /** Hands out every element of a file; an edge's id is not in it. */
  void read(CsvFiles.CsvFile file, BiConsumer<ElementId, Element> each) throws IOException {
    List<@Nullable String> header;
    try (BufferedReader in = Files.newBufferedReader(directory.resolve(file.headerName()))) {
      header = record(in);
    }
    try (BufferedReader in = Files.newBufferedReader(directory.resolve(file.dataName()))) {
      for (List<@Nullable String> fields = record(in); !fields.isEmpty(); fields = record(in)) {
        if (fields.size() != header.size()) {
          throw new IOException(file.dataName() + " has a line of " + fields.size() + " fields");
        }
        if (file.vertices()) {
          String labels = fields.get(1);
          each.accept(
              ElementId.vertex(given(fields.get(0))),
              new Vertex(
                  labels == null ? new TreeSet<>() : new TreeSet<>(items(labels)),
                  properties(header, fields, FIXED_VERTEX_COLUMNS)));
        } else {
          each.accept(
              ElementId.edge("0"),
              new Edge(
                  given(fields.get(2)),
                  given(fields.get(0)),
                  given(fields.get(1)),
                  properties(header, fields, FIXED_EDGE_COLUMNS)));
        }
      }
    }
  }

  private List<String> items(String text) {
    return Arrays.asList(text.split(Pattern.quote(String.valueOf(arrayDelimiter)), -1));
  }

  private static String given(@Nullable String field) throws IOException {
    if (field == null) {
      throw new IOException("an empty field where an id or a type should be");
    }
    return field;
  }

  private SortedMap<String, Value> properties(
      List<@Nullable String> header, List<@Nullable String> fields, int first) throws IOException {
    SortedMap<String, Value> properties = new TreeMap<>();
    for (int i = first; i < fields.size(); i++) {
      String text = fields.get(i);
      if (text != null) {
        String column = given(header.get(i));
        int colon = column.lastIndexOf(':');
        properties.put(
            column.substring(0, colon),
            CsvValues.parse(column.substring(colon + 1), text, arrayDelimiter));
      }
    }
    return properties;
  }

  /** The fields of the next line, null where there is nothing between commas; empty at the end. */
  private static List<@Nullable String> record(BufferedReader in) throws IOException {
    List<@Nullable String> fields = new ArrayList<>();
    int c = in.read();
    if (c < 0) {
      return fields;
    }
    StringBuilder field = new StringBuilder();
    boolean quoted = false;
    while (true) {
      if (c == '"' && field.isEmpty() && !quoted) {
        quoted = true;
        c = quotedPart(in, field);
      } else if (c == ',' || c == '\n' || c < 0) {
        fields.add(quoted || !field.isEmpty() ? field.toString() : null);
        if (c != ',') {
          return fields;
        }
        field.setLength(0);
        quoted = false;
        c = in.read();
      } else {
        field.append((char) c);
        c = in.read();
      }
    }
  }

  /** Reads up to the closing quote and returns the character after it. */
  private static int quotedPart(BufferedReader in, StringBuilder field) throws IOException {
    while (true) {
      int c = in.read();
      if (c < 0) {
        throw new IOException("a quote is not closed");
      }
      if (c == '"') {
        int after = in.read();
        if (after != '"') {
          return after;
        }
      }
      field.append((char) c);
    }
  }
}
