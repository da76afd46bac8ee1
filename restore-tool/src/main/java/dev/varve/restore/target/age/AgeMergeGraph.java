package dev.varve.restore.target.age;

import dev.varve.age.Agtype;
import dev.varve.age.Graphid;
import dev.varve.change.Change;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.restore.branch.BranchContent;
import dev.varve.restore.branch.MergeGraph;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A graph of AGE that a branch is written into, while nobody else writes to it. What it becomes is
 * kept in memory until {@link #write}: rows are found by graphid, for which a label need not have
 * an index, so they are read and written many at a time.
 *
 * <p>What is made keeps its graphid unless another element of the new primary has that, or its
 * label goes by another number there: then its label's next one.
 */
final class AgeMergeGraph implements MergeGraph {

  private static final int ROWS = 2_000;
  private static final String LABELS = "_label_id_seq";

  private final Connection connection;
  private final String graph;
  private final Labels labels;
  private final Map<String, AgeLabel> byName = new HashMap<>();
  private final Map<Integer, AgeLabel> byId = new TreeMap<>();
  private final Set<AgeLabel> made = new HashSet<>();

  /** What elements are to be; absent for those that are to be removed. */
  private final Map<Long, Optional<Element>> states = new TreeMap<>();

  private final Map<Long, Set<Long>> edgesOf = new HashMap<>(); // of vertices that may be removed
  private final Set<Long> taken = new HashSet<>();
  private final Map<AgeLabel, Set<Long>> wanted = new HashMap<>();
  private final Map<AgeLabel, Long> next = new HashMap<>(); // given out by us, at last
  private final Map<Integer, Long> highest = new TreeMap<>();

  AgeMergeGraph(Connection connection, String graph, Labels labels) throws SQLException {
    this.connection = connection;
    this.graph = graph;
    this.labels = labels;
    for (AgeLabel label : Labels.list(connection, graph)) {
      put(label);
    }
  }

  /** Carries an error of the server through the writing of the branch. */
  static final class Broken extends RuntimeException {
    private final SQLException error;

    Broken(SQLException error) {
      super(error);
      this.error = error;
    }

    SQLException error() {
      return error;
    }
  }

  private void put(AgeLabel label) {
    byName.put(label.name(), label);
    byId.put(label.id(), label);
  }

  /** Looks at once at what the branch is going to ask for. */
  void expect(BranchContent content) throws SQLException {
    keepNumbers(content);
    Set<Long> vertices = new HashSet<>();
    for (List<Change> changes : content.transactions()) {
      for (Change change : changes) {
        if (change.state().isPresent()) {
          Element state = change.state().get();
          wanted
              .computeIfAbsent(label(change.id(), state), missing -> new HashSet<>())
              .add(number(change.id()).entry());
        } else if (change.id().kind() == ElementKind.VERTEX) {
          vertices.add(number(change.id()).number());
        }
      }
    }
    for (Map.Entry<AgeLabel, Set<Long>> entry : wanted.entrySet()) {
      if (!made.contains(entry.getKey())) {
        findTaken(entry.getKey(), entry.getValue());
      }
    }
    findEdges(vertices);
  }

  /** Labels that are new keep their numbers before others are given any. */
  private void keepNumbers(BranchContent content) {
    for (List<Change> changes : content.transactions()) {
      for (Change change : changes) {
        if (change.state().isPresent()) {
          Element state = change.state().get();
          String name = Parts.label(change.id(), state);
          int number = number(change.id()).label();
          if (!name.isEmpty() && !byName.containsKey(name) && !byId.containsKey(number)) {
            makeLater(new AgeLabel(number, name, state.kind()));
          }
        }
      }
    }
  }

  private AgeLabel makeLater(AgeLabel label) {
    put(label);
    made.add(label);
    return label;
  }

  private static Graphid number(ElementId id) {
    return Graphid.of(Numbering.Kept.number(id));
  }

  /**
   * The label of an element: by its name, for either side may have made it under another number.
   */
  private AgeLabel label(ElementId id, Element state) {
    String name = Parts.label(id, state);
    if (name.isEmpty()) {
      return state.kind() == ElementKind.VERTEX ? AgeLabel.VERTICES : AgeLabel.EDGES;
    }
    AgeLabel there = byName.get(name);
    if (there != null && there.kind() != state.kind()) {
      throw new VarveException(
          ExitCode.FAILED,
          "the label '%s' is one of %s in the new primary, and %s has it; nothing was written"
              .formatted(name, there.kind() == ElementKind.VERTEX ? "vertices" : "edges", id),
          "rename or drop the primary's label first; varve branch export writes the branch into"
              + " open files");
    }
    return there == null ? makeLater(new AgeLabel(unused(), name, state.kind())) : there;
  }

  /** A number that no label has, and none had, as far as the label's sequence tells. */
  private int unused() {
    int number = byId.keySet().stream().mapToInt(id -> id).max().orElse(AgeLabel.EDGES.id());
    try {
      return Math.toIntExact(Math.max(number, last(LABELS)) + 1);
    } catch (SQLException e) {
      throw new Broken(e);
    }
  }

  private long last(String sequence) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM "
                    + Sql.name(graph, sequence))) {
      row.next();
      return row.getLong(1);
    }
  }

  private void findTaken(AgeLabel label, Set<Long> entries) throws SQLException {
    List<Long> numbers =
        entries.stream().map(entry -> new Graphid(label.id(), entry).number()).toList();
    select(
        "SELECT id FROM ONLY " + Sql.name(graph, label.name()) + " WHERE id = ANY (%s)",
        numbers,
        row -> taken.add(Long.parseLong(row.getString(1))));
  }

  private void findEdges(Set<Long> vertices) throws SQLException {
    vertices.forEach(vertex -> edgesOf.put(vertex, new HashSet<>()));
    for (String end : new String[] {"start_id", "end_id"}) {
      select(
          "SELECT id, "
              + end
              + " FROM "
              + Sql.name(graph, AgeLabel.EDGES.name())
              + " WHERE "
              + end
              + " = ANY (%s)",
          List.copyOf(vertices),
          row ->
              edgesOf
                  .getOrDefault(Long.parseLong(row.getString(2)), new HashSet<>())
                  .add(Long.parseLong(row.getString(1))));
    }
  }

  private interface Each {
    void accept(ResultSet row) throws SQLException;
  }

  private void select(String query, List<Long> numbers, Each each) throws SQLException {
    for (int from = 0; from < numbers.size(); from += ROWS) {
      try (PreparedStatement statement = connection.prepareStatement(of(query))) {
        statement.setArray(1, array(numbers, from));
        try (ResultSet row = statement.executeQuery()) {
          while (row.next()) {
            each.accept(row);
          }
        }
      }
    }
  }

  private static String of(String statement) {
    return statement.formatted("CAST(CAST(? AS text[]) AS ag_catalog.graphid[])");
  }

  private Array array(List<Long> numbers, int from) throws SQLException {
    return connection.createArrayOf(
        "text",
        numbers.subList(from, Math.min(numbers.size(), from + ROWS)).stream()
            .map(number -> Long.toString(number))
            .toArray());
  }

  @Override
  public boolean reusesIds() {
    return false; // a label's sequence goes up, and a vertex keeps its label
  }

  @Override
  public Map<Long, Element> lock(ElementKind kind, List<Long> ids) {
    Map<Long, Element> found = new HashMap<>();
    Map<Integer, List<Long>> byLabel =
        ids.stream().collect(Collectors.groupingBy(id -> Graphid.of(id).label()));
    for (Map.Entry<Integer, List<Long>> entry : byLabel.entrySet()) {
      AgeLabel label = byId.get(entry.getKey());
      if (label == null || label.kind() != kind || made.contains(label)) {
        continue;
      }
      try {
        select(
            "SELECT id, properties"
                + (kind == ElementKind.EDGE ? ", start_id, end_id" : "")
                + " FROM ONLY "
                + Sql.name(graph, label.name())
                + " WHERE id = ANY (%s)",
            entry.getValue(),
            row -> found.put(Long.parseLong(row.getString(1)), element(label, row)));
      } catch (SQLException e) {
        throw new Broken(e);
      }
    }
    return found;
  }

  private static Element element(AgeLabel label, ResultSet row) throws SQLException {
    SortedMap<String, Value> properties = Agtype.properties(row.getString(2));
    return label.kind() == ElementKind.EDGE
        ? new Edge(label.shown(), row.getString(3), row.getString(4), properties)
        : Vertex.of(label.shown().isEmpty() ? Set.of() : Set.of(label.shown()), properties);
  }

  @Override
  public long create(ElementId original, Element state) {
    AgeLabel label = label(original, state);
    long id = new Graphid(label.id(), number(original).entry()).number();
    Optional<Element> known = states.get(id);
    if (known == null ? taken.contains(id) : known.isPresent()) {
      id = next(label);
    }
    highest.merge(label.id(), Graphid.of(id).entry(), Math::max);
    set(id, state);
    if (state instanceof Edge edge) {
      long made = id;
      for (String end : new String[] {edge.start(), edge.end()}) {
        edgesOf.computeIfPresent(
            Long.parseLong(end),
            (vertex, edges) -> {
              edges.add(made);
              return edges;
            });
      }
    } else {
      edgesOf.computeIfAbsent(id, missing -> new HashSet<>());
    }
    return id;
  }

  /** Behind all that the label has given out, and that the branch wants to keep. */
  private long next(AgeLabel label) {
    long entry = next.computeIfAbsent(label, this::last) + 1;
    next.put(label, entry);
    return new Graphid(label.id(), entry).number();
  }

  private long last(AgeLabel label) {
    long kept = wanted.getOrDefault(label, Set.of()).stream().mapToLong(e -> e).max().orElse(0);
    try {
      return made.contains(label) ? kept : Math.max(kept, last(labels.sequence(connection, label)));
    } catch (SQLException e) {
      throw new Broken(e);
    }
  }

  @Override
  public void set(long id, Element state) {
    states.put(id, Optional.of(state));
  }

  @Override
  public long edgesAt(long vertex) {
    return edgesOf.getOrDefault(vertex, Set.of()).size();
  }

  @Override
  public void remove(ElementKind kind, long id) {
    if (kind == ElementKind.VERTEX) {
      List.copyOf(edgesOf.getOrDefault(id, Set.of()))
          .forEach(edge -> remove(ElementKind.EDGE, edge));
    } else {
      edgesOf.values().forEach(edges -> edges.remove(id));
    }
    states.put(id, Optional.empty());
  }

  /**
   * Writes what has become of it, but for the sequences of elements, which are not taken back: what
   * was altered is deleted, and inserted as it is now.
   */
  void write() throws SQLException {
    for (ElementKind kind : List.of(ElementKind.EDGE, ElementKind.VERTEX)) {
      for (AgeLabel label : of(kind)) {
        if (!made.contains(label)) {
          delete(label, ids(label).toList());
        }
      }
    }
    makeLabels();
    for (ElementKind kind : List.of(ElementKind.VERTEX, ElementKind.EDGE)) {
      for (AgeLabel label : of(kind)) {
        List<Long> alive = ids(label).filter(id -> state(id).isPresent()).toList();
        for (int from = 0; from < alive.size(); from += ROWS) {
          insert(label, alive.subList(from, Math.min(alive.size(), from + ROWS)));
        }
      }
    }
  }

  /** Sees to it that what is made from now on gets graphids of its own. */
  void raiseSequences() throws SQLException {
    labels.raise(connection, byId, highest);
  }

  private List<AgeLabel> of(ElementKind kind) {
    return byId.values().stream().filter(label -> label.kind() == kind).toList();
  }

  private Stream<Long> ids(AgeLabel label) {
    return states.keySet().stream().filter(id -> Graphid.of(id).label() == label.id());
  }

  private Optional<Element> state(long id) {
    return states.getOrDefault(id, Optional.empty());
  }

  private void delete(AgeLabel label, List<Long> ids) throws SQLException {
    String statement = "DELETE FROM ONLY " + Sql.name(graph, label.name()) + " WHERE id = ANY (%s)";
    for (int from = 0; from < ids.size(); from += ROWS) {
      try (PreparedStatement delete = connection.prepareStatement(of(statement))) {
        delete.setArray(1, array(ids, from));
        delete.executeUpdate();
      }
    }
  }

  /** Each under its number; what the next label gets is as it was, or behind them. */
  private void makeLabels() throws SQLException {
    if (made.isEmpty()) {
      return;
    }
    long last = last(LABELS);
    for (AgeLabel label : byId.values()) {
      if (made.contains(label)) {
        labels.make(connection, label);
        try (Statement statement = connection.createStatement()) {
          statement.execute( // what is published takes no removals otherwise
              "ALTER TABLE ONLY " + Sql.name(graph, label.name()) + " REPLICA IDENTITY FULL");
        }
      }
    }
    labels.raise(connection, LABELS, last);
    if (!Labels.list(connection, graph).containsAll(made)) {
      throw new VarveException(
          ExitCode.FAILED,
          "labels were made in the new primary at the same time; nothing was written",
          "do it again");
    }
  }

  private void insert(AgeLabel label, List<Long> ids) throws SQLException {
    boolean vertices = label.kind() == ElementKind.VERTEX;
    RowBuffer rows = new RowBuffer();
    for (long id : ids) {
      Element state = state(id).orElseThrow();
      rows.row(vertices ? 2 : 4);
      rows.graphid(id);
      if (state instanceof Edge edge) {
        rows.graphid(Long.parseLong(edge.start()));
        rows.graphid(Long.parseLong(edge.end()));
      }
      rows.properties(state.properties());
    }
    rows.end();
    rows.copy(connection, graph, label);
  }
}
