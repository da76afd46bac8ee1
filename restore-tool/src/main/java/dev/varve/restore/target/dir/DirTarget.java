package dev.varve.restore.target.dir;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.restore.GraphTarget;
import dev.varve.restore.LiveElement;
import dev.varve.restore.LiveElements;
import dev.varve.restore.LiveGraph;
import dev.varve.restore.Progress;
import dev.varve.restore.ReadBack;
import dev.varve.restore.RestoreIdentity;
import dev.varve.restore.TargetUri;
import dev.varve.topology.Fingerprint;
import dev.varve.wire.MalformedRecordException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.DateTimeException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A directory of open files: CSV with the importer's arguments ({@code import.args}), Avro ({@code
 * vertices.avro}, {@code edges.avro}), the schema as Cypher ({@code schema.cypher}), and last
 * {@code varve.json}, which says what all of it is; without that file the directory is not done.
 *
 * <p>CSV: a value that it cannot hold is refused before anything is written; Avro holds all.
 */
public final class DirTarget implements GraphTarget {

  /** Names what is in a directory that is done. */
  static final String SUMMARY = "varve.json";

  /** Is there as long as the directory is not done. */
  static final String UNFINISHED = ".varve-unfinished";

  static final String SCHEMA = "schema.cypher";
  static final String VERTICES_AVRO = "vertices.avro";
  static final String EDGES_AVRO = "edges.avro";

  private final TargetUri.Directory uri;
  private final Path directory;
  private @Nullable RestoreIdentity restore;
  private @Nullable ReadBack found;
  private List<CsvFiles.CsvFile> csvFiles = List.of();
  private char arrayDelimiter;

  public DirTarget(TargetUri.Directory uri) {
    this.uri = uri;
    this.directory = uri.path();
  }

  @Override
  public String name() {
    return uri.toString();
  }

  @Override
  public Standing open(RestoreIdentity identity, boolean overwrite, Progress progress) {
    restore = identity;
    return doing(
        () -> {
          if (Files.exists(directory) && !Files.isDirectory(directory)) {
            throw refused("is a file, not a directory", "name another path");
          }
          if (Files.isDirectory(directory)) {
            clear(overwrite);
          }
          Files.createDirectories(directory);
          Files.writeString(directory.resolve(UNFINISHED), identity + "\n");
          return Standing.FRESH;
        });
  }

  /** Only what a restore has left there is ever removed. */
  private void clear(boolean overwrite) throws IOException {
    List<Path> there;
    try (Stream<Path> files = Files.list(directory)) {
      there = files.toList();
    }
    if (there.isEmpty()) {
      return;
    }
    boolean unfinished = Files.exists(directory.resolve(UNFINISHED));
    if (!unfinished && !Files.exists(directory.resolve(SUMMARY))) {
      throw refused(
          "is not empty, and what is in it is not from a restore", "name an empty directory");
    }
    if (!unfinished && !overwrite) {
      throw refused(
          "is not empty: it holds an earlier restore",
          "name an empty directory, or say --overwrite");
    }
    for (Path file : there) {
      if (ours(file.getFileName().toString())) {
        Files.delete(file);
      } else {
        throw refused(
            "holds " + file.getFileName() + ", which is not from a restore", "move it away");
      }
    }
  }

  private static boolean ours(String name) {
    return List.of(SUMMARY, UNFINISHED, SCHEMA, VERTICES_AVRO, EDGES_AVRO, CsvFiles.ARGUMENTS)
            .contains(name)
        || name.matches("(vertices|edges)-[0-9]{5}-.*\\.csv")
        || name.equals(SUMMARY + ".part");
  }

  private VarveException refused(String why, String hint) {
    return new VarveException(ExitCode.FAILED, "the target " + name() + " " + why, hint);
  }

  @Override
  public void write(LiveGraph graph, Progress progress) {
    doing(
        () -> {
          boolean csv = uri.formats().contains(TargetUri.Format.CSV);
          boolean avro = uri.formats().contains(TargetUri.Format.AVRO);
          try (CsvFiles files =
                  csv ? new CsvFiles(directory, CsvSurvey.of(graph, progress)) : null;
              AvroFile vertices = avro ? new AvroFile(directory.resolve(VERTICES_AVRO)) : null;
              AvroFile edges = avro ? new AvroFile(directory.resolve(EDGES_AVRO)) : null) {
            progress.phase("vertices", graph.estimate().vertices());
            write(graph.vertices(), files, vertices, progress);
            progress.phase("edges", graph.estimate().edges());
            write(graph.edges(), files, edges, progress);
            if (files != null) {
              csvFiles = files.finish();
              arrayDelimiter = files.arrayDelimiter();
            }
          }
          writeSchema(graph.schema());
          return this;
        });
  }

  private static void write(
      LiveElements elements, @Nullable CsvFiles csv, @Nullable AvroFile avro, Progress progress)
      throws IOException {
    try (elements) {
      for (LiveElement next = elements.next(); next != null; next = elements.next()) {
        Element state = next.state();
        if (csv != null) {
          csv.add(next.id(), state);
        }
        if (avro != null) {
          avro.add(next.id(), state);
        }
        progress.advance(1);
      }
    }
  }

  private void writeSchema(StoreSchema schema) throws IOException {
    StringBuilder text = new StringBuilder();
    for (StoreSchema.Rule rule : schema.rules()) {
      if (!rule.type().equals("LOOKUP")) {
        rule.statement().ifPresent(statement -> text.append(statement).append(";\n"));
      }
    }
    Files.writeString(directory.resolve(SCHEMA), text);
  }

  /** Each form is read by itself; they have to agree. */
  @Override
  public ReadBack readBack(Progress progress) {
    return doing(
        () -> {
          ReadBack result = null;
          if (uri.formats().contains(TargetUri.Format.CSV)) {
            Sum sum = new Sum(progress);
            CsvReader reader = new CsvReader(directory, arrayDelimiter);
            for (CsvFiles.CsvFile file : csvFiles) {
              reader.read(file, sum);
            }
            result = sum.readBack();
          }
          if (uri.formats().contains(TargetUri.Format.AVRO)) {
            Sum sum = new Sum(progress);
            AvroFile.read(directory.resolve(VERTICES_AVRO), ElementKind.VERTEX, sum);
            AvroFile.read(directory.resolve(EDGES_AVRO), ElementKind.EDGE, sum);
            if (result != null && !result.equals(sum.readBack())) {
              throw refused(
                  "holds two different graphs: as CSV " + result + ", as Avro " + sum.readBack(),
                  "say dir:<path>?format=avro, and report what graph this was");
            }
            result = sum.readBack();
          }
          if (result == null) {
            throw new IllegalStateException("a directory has at least one format");
          }
          found = result;
          return result;
        });
  }

  private static final class Sum implements BiConsumer<ElementId, Element> {
    private final ElementHasher hasher = new ElementHasher();
    private final Progress progress;
    private Fingerprint fingerprint = Fingerprint.EMPTY;
    private long vertices;
    private long edges;

    Sum(Progress progress) {
      this.progress = progress;
    }

    @Override
    public void accept(ElementId id, Element element) {
      fingerprint = fingerprint.plus(hasher.hash(id, element));
      if (element.kind() == ElementKind.VERTEX) {
        vertices++;
      } else {
        edges++;
      }
      progress.advance(1);
    }

    ReadBack readBack() {
      return new ReadBack(vertices, edges, fingerprint);
    }
  }

  @Override
  public void finish(boolean good, Progress progress) {
    if (!good) {
      return;
    }
    doing(
        () -> {
          Path part = directory.resolve(SUMMARY + ".part");
          Files.write(
              part,
              new ObjectMapper()
                  .enable(SerializationFeature.INDENT_OUTPUT)
                  .writeValueAsBytes(summary()));
          Files.move(part, directory.resolve(SUMMARY), StandardCopyOption.ATOMIC_MOVE);
          Files.delete(directory.resolve(UNFINISHED));
          return this;
        });
  }

  private Map<String, Object> summary() {
    if (restore == null || found == null) {
      throw new IllegalStateException("open, write and read back first");
    }
    Map<String, Object> summary = new LinkedHashMap<>();
    summary.put("graph", restore.graph());
    summary.put("vector", restore.vector().toString());
    summary.put("stores", restore.stores());
    summary.put("vertices", found.vertices());
    summary.put("edges", found.edges());
    summary.put("fingerprint", found.fingerprint().toString());
    summary.put("formats", uri.formats().stream().map(Enum::name).sorted().toList());
    return summary;
  }

  private interface Doing<T> {
    T run() throws IOException;
  }

  private <T> T doing(Doing<T> work) {
    try {
      return work.run();
    } catch (IOException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "cannot write to the target " + name() + ": " + e,
          "see that there is room and that the directory may be written, then run it again",
          e);
    } catch (MalformedRecordException | IllegalArgumentException | DateTimeException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "the target " + name() + " does not hold what was written to it: " + e.getMessage(),
          "see that nobody else writes to the directory, then run it again",
          e);
    }
  }

  @Override
  public void close() {
    // every file is closed where it is used
  }
}
