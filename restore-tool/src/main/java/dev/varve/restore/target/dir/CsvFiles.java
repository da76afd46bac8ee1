package dev.varve.restore.target.dir;

import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/**
 * Writes a graph as CSV files for {@code neo4j-admin database import full}: for each set of labels
 * and each edge type, and for each combination of types where a property has several, a header file
 * and a data file; and the importer's arguments in {@value #ARGUMENTS}.
 */
final class CsvFiles implements AutoCloseable {

  static final String ARGUMENTS = "import.args";

  /** Above this, the importer's buffer of four million characters is made larger. */
  private static final int SAFE_FIELD_CHARS = 1_000_000;

  private static final int MAX_OPEN = 64;
  private static final int LONGEST_NAME = 60;

  private final Path directory;
  private final CsvSurvey survey;
  private final char arrayDelimiter;
  private final Map<Object, CsvFile> files = new HashMap<>();
  private final List<CsvFile> inOrder = new ArrayList<>();

  /** Data files that are open, the one used least recently first. */
  private final LinkedHashMap<String, Writer> open = new LinkedHashMap<>(16, 0.75f, true);

  /**
   * A data file; its header is beside it.
   *
   * @param columns keys and types of the properties, after the fixed columns
   */
  record CsvFile(boolean vertices, String name, SortedMap<String, String> columns) {
    String headerName() {
      return name + "-header.csv";
    }

    String dataName() {
      return name + ".csv";
    }
  }

  private record FileKey(Object group, SortedMap<String, String> columns) {}

  CsvFiles(Path directory, CsvSurvey survey) {
    this.directory = directory;
    this.survey = survey;
    arrayDelimiter = survey.arrayDelimiter();
  }

  /** Whether a property key can stand in a header. */
  static boolean fitsHeader(String key) {
    return !key.isEmpty()
        && key.equals(key.trim())
        && key.chars().noneMatch(c -> c == ':' || c == '{' || Character.isISOControl(c));
  }

  void add(ElementId id, Element element) throws IOException {
    CsvFile file = file(element);
    SortedMap<String, String> columns = file.columns();
    StringBuilder line = new StringBuilder();
    if (element instanceof Vertex vertex) {
      line.append(id.id()).append(',');
      if (!vertex.labels().isEmpty()) {
        quote(joined(vertex.labels()), line);
      }
    } else if (element instanceof Edge edge) {
      line.append(edge.start()).append(',').append(edge.end()).append(',');
      quote(edge.type(), line);
    }
    for (Map.Entry<String, String> column : columns.entrySet()) {
      line.append(',');
      Value value = element.properties().get(column.getKey());
      if (value != null) {
        field(column.getValue(), CsvValues.text(value, arrayDelimiter), line);
      }
    }
    writer(file).append(line.append('\n'));
  }

  /** Most groups have one file. */
  private CsvFile file(Element element) throws IOException {
    Object group = CsvSurvey.group(element);
    boolean simple = survey.oneTypeAKey(group);
    Object key = simple ? group : new FileKey(group, survey.columns(element));
    CsvFile file = files.get(key);
    if (file == null) {
      file = create(element, survey.columns(element));
      files.put(key, file);
    }
    return file;
  }

  private String joined(Collection<String> labels) {
    return String.join(String.valueOf(arrayDelimiter), labels);
  }

  /** An empty field means that there is no property: what has an empty text is quoted. */
  private static void field(String type, String text, StringBuilder line) {
    boolean plain =
        switch (type) {
          case "byte", "short", "int", "long", "float", "double", "boolean", "date" -> true;
          default -> false;
        };
    if (plain) {
      line.append(text);
    } else {
      quote(text, line);
    }
  }

  private static void quote(String text, StringBuilder line) {
    line.append('"').append(text.replace("\"", "\"\"")).append('"');
  }

  private CsvFile create(Element element, SortedMap<String, String> columns) throws IOException {
    boolean vertices = element instanceof Vertex;
    String words =
        element instanceof Vertex vertex
            ? String.join("-", vertex.labels())
            : ((Edge) element).type();
    String safe = words.replaceAll("[^A-Za-z0-9_-]", "_");
    String name =
        String.format(
            "%s-%05d-%s",
            vertices ? "vertices" : "edges",
            inOrder.size() + 1,
            safe.isEmpty() ? "none" : safe.substring(0, Math.min(LONGEST_NAME, safe.length())));
    CsvFile file = new CsvFile(vertices, name, columns);
    inOrder.add(file);
    StringBuilder header = new StringBuilder(vertices ? ":ID,:LABEL" : ":START_ID,:END_ID,:TYPE");
    columns.forEach((key, type) -> quote(key + ":" + type, header.append(',')));
    Files.writeString(directory.resolve(file.headerName()), header.append('\n'));
    return file;
  }

  private Writer writer(CsvFile file) throws IOException {
    Writer writer = open.get(file.name());
    if (writer == null) {
      if (open.size() >= MAX_OPEN) {
        Iterator<Writer> oldest = open.values().iterator();
        oldest.next().close();
        oldest.remove();
      }
      writer =
          Files.newBufferedWriter(
              directory.resolve(file.dataName()),
              StandardCharsets.UTF_8,
              StandardOpenOption.CREATE,
              StandardOpenOption.APPEND);
      open.put(file.name(), writer);
    }
    return writer;
  }

  /** Closes the data files and writes the importer's arguments. */
  List<CsvFile> finish() throws IOException {
    close();
    StringBuilder arguments = new StringBuilder();
    arguments.append(
        "# run in this directory: neo4j-admin database import full neo4j @import.args\n");
    arguments.append("--id-type=actual\n--normalize-types=false\n--bad-tolerance=0\n");
    arguments.append("--array-delimiter=").append(spelled(arrayDelimiter)).append('\n');
    if (survey.multiline()) {
      arguments.append("--multiline-fields=true\n");
    }
    if (survey.longestField() > SAFE_FIELD_CHARS) {
      arguments.append("--read-buffer-size=").append(survey.longestField() * 4L).append('\n');
    }
    for (CsvFile file : inOrder) {
      arguments
          .append(file.vertices() ? "--nodes=" : "--relationships=")
          .append(file.headerName())
          .append(',')
          .append(file.dataName())
          .append('\n');
    }
    Files.writeString(directory.resolve(ARGUMENTS), arguments);
    return List.copyOf(inOrder);
  }

  char arrayDelimiter() {
    return arrayDelimiter;
  }

  /** As a number: an arguments file loses what stands in quotes after an equals sign. */
  private static String spelled(char delimiter) {
    return String.format("U+%04X", (int) delimiter);
  }

  @Override
  public void close() throws IOException {
    for (Writer writer : open.values()) {
      writer.close();
    }
    open.clear();
  }
}
