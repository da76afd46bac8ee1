package dev.varve.restore.target.age;

import dev.varve.age.Graphid;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.restore.target.LongFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/**
 * Ids for a chain of another kind of store. A vertex's entry is its own number plus one where all
 * of the chain's are numbers that fit, else its place in the order of all; which label it has, and
 * so its whole graphid, is looked up by its original id. Lives in mapped files.
 *
 * <p>Vertices are added in their order by one thread; look-ups begin when all are.
 */
final class GivenIds implements Numbering {

  private final LongFile graphids;
  private final LongFile places;
  private final LongFile words;
  private final boolean verticesByNumber;
  private final boolean edgesByNumber;
  private final Map<String, Integer> edgeLabels;
  private final long size;
  private final long highestVertex;
  private final long highestEdge;

  private GivenIds(Builder builder, Map<String, Integer> labels, Map<String, Integer> edgeLabels) {
    this.graphids = builder.graphids;
    this.places = builder.places;
    this.words = builder.words;
    this.verticesByNumber = builder.verticesByNumber;
    this.edgesByNumber = builder.edgesByNumber;
    this.edgeLabels = Map.copyOf(edgeLabels);
    this.size = builder.size;
    highestVertex = highest(verticesByNumber, builder.lastVertex, size);
    highestEdge = highest(edgesByNumber, builder.lastEdge, builder.edges);
    for (long position = 0; position < size; position++) {
      int label = label(labels, builder.names[(int) graphids.get(position)]);
      long entry = verticesByNumber ? ByNumber.entry(original(position, size)) : position + 1;
      graphids.set(position, new Graphid(label, entry).number());
    }
  }

  private static long highest(boolean byNumber, String last, long count) {
    return byNumber && count > 0 ? ByNumber.entry(last) : count;
  }

  /** The highest entry of any element of a kind; 0 if there is none. */
  long highest(ElementKind kind) {
    return kind == ElementKind.VERTEX ? highestVertex : highestEdge;
  }

  private static int label(Map<String, Integer> labels, String name) {
    Integer id = labels.get(name);
    if (id == null) {
      throw new IllegalStateException("no number was given to the label " + name);
    }
    return id;
  }

  /** Takes in the elements one by one. */
  static final class Builder implements AutoCloseable {
    private final LongFile graphids;
    private final LongFile places;
    private final LongFile words;
    private String[] names = new String[0];
    private boolean verticesByNumber = true;
    private boolean edgesByNumber = true;
    private long size;
    private long nextWord;
    private String lastVertex = "";
    private long edges;
    private String lastEdge = "";

    Builder(Path directory) {
      graphids = LongFile.create(directory, "graphids");
      places = LongFile.create(directory, "places");
      words = LongFile.create(directory, "words");
    }

    /**
     * @param label the number of its label in the list that {@link #build} gets
     */
    void addVertex(String id, int label) {
      verticesByNumber = verticesByNumber && ByNumber.fits(id);
      lastVertex = id;
      graphids.set(size, label);
      places.set(size, nextWord);
      byte[] bytes = id.getBytes(StandardCharsets.UTF_8);
      words.set(nextWord++, bytes.length);
      for (int from = 0; from < bytes.length; from += Long.BYTES) {
        long word = 0;
        for (int i = from; i < Math.min(bytes.length, from + Long.BYTES); i++) {
          word |= (bytes[i] & 0xFFL) << (i - from) * Byte.SIZE;
        }
        words.set(nextWord++, word);
      }
      size++;
    }

    void addEdge(String id) {
      edgesByNumber = edgesByNumber && ByNumber.fits(id);
      lastEdge = id;
      edges++;
    }

    /**
     * @param names of the vertices' labels, by the number that vertices were added with
     * @param labels which label has which id in the target, of vertices
     * @param edgeLabels the same of edges
     */
    GivenIds build(String[] names, Map<String, Integer> labels, Map<String, Integer> edgeLabels) {
      this.names = names;
      return new GivenIds(this, labels, edgeLabels);
    }

    @Override
    public void close() {
      graphids.close();
      places.close();
      words.close();
    }
  }

  @Override
  public long vertex(String id, long position) {
    return graphids.get(position);
  }

  @Override
  public long edge(String id, String type, long position) {
    Integer label = edgeLabels.get(type);
    if (label == null) {
      throw new IllegalStateException("no number was given to the edge type " + type);
    }
    return new Graphid(label, edgesByNumber ? ByNumber.entry(id) : position + 1).number();
  }

  @Override
  public long end(ElementId edge, String vertex) {
    ElementId wanted = ElementId.vertex(vertex);
    long low = 0;
    long high = size - 1;
    while (low <= high) {
      long middle = (low + high) >>> 1;
      int order = ElementId.vertex(original(middle, size)).compareTo(wanted);
      if (order == 0) {
        return graphids.get(middle);
      }
      if (order < 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    throw new VarveException(
        ExitCode.DAMAGE_FOUND,
        edge + " has v" + vertex + " at an end, which is not in the chain",
        "the target is unfinished; see what varve verify --level=graph says");
  }

  /** What the restore did not write has no original id: it makes the fingerprints differ. */
  @Override
  public String original(long graphid) {
    long entry = Graphid.of(graphid).entry();
    if (verticesByNumber) {
      return Long.toString(entry - 1);
    }
    return entry >= 1 && entry <= size ? original(entry - 1, size) : "stranger " + graphid;
  }

  private String original(long position, long size) {
    if (position >= size) {
      throw new IllegalArgumentException("position must be < " + size + ", got " + position);
    }
    long at = places.get(position);
    byte[] bytes = new byte[(int) words.get(at++)];
    for (int from = 0; from < bytes.length; from += Long.BYTES) {
      long word = words.get(at++);
      for (int i = from; i < Math.min(bytes.length, from + Long.BYTES); i++) {
        bytes[i] = (byte) (word >>> (i - from) * Byte.SIZE);
      }
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    graphids.close();
    places.close();
    words.close();
  }
}
