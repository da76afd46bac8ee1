package dev.varve.restore.target.age;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.varve.age.Graphid;
import dev.varve.age.LabelRule;
import dev.varve.archive.Reached;
import dev.varve.container.age.AgeServer;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.replay.ChainReplay;
import dev.varve.replay.DraftCheck;
import dev.varve.replay.ReplayConfig;
import dev.varve.restore.ChainLab;
import dev.varve.restore.Progress;
import dev.varve.restore.TargetUri;
import dev.varve.restore.convert.Conversion;
import dev.varve.restore.convert.Engine;
import dev.varve.restore.standby.Standby;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A standby in a real PostgreSQL with AGE that follows the deltas of a chain. */
final class AgeStandbyTest {

  private static final int PERSON = 4;
  private static final int KNOWS = 6;
  private static final int CITY = 7;
  private static final int TOWN = 8;
  private static final int VILLAGE = 9;
  private static final int VILLAGE_AGAIN = 10;
  private static final String NAME = "standby";
  private static final Map<Integer, String> NAMES =
      Map.of(PERSON, "Person", CITY, "City", TOWN, "Town");

  private final long seed = Long.getLong("varve.seed", 7);

  @TempDir Path directory;

  @Test
  void followsDeltasAndIsFencedAndStripped() throws SQLException {
    assumeTrue(AgeServer.dockerIsThere(), "no Docker: tests with PostgreSQL and AGE skipped");
    System.out.println("repeat with -Dvarve.seed=" + seed);
    Random random = new Random(seed);
    try (AgeServer server = AgeServer.start()) {
      ChainLab lab = new ChainLab(directory).store("age:test");
      lab.commit(people(random), Optional.of(labels(true, PERSON, KNOWS)));
      lab.base();
      compare(server, lab);
      asAnEarlierVersionMadeIt(server);
      for (int i = 0; i < 3; i++) {
        for (int n = 0; n < 10; n++) {
          lab.tick(1_000);
          lab.commit(people(random));
        }
        lab.commit(
            Map.of(id(CITY, i + 1), Optional.of(vertex("City", random))),
            i == 0 ? Optional.of(labels(false, CITY)) : Optional.empty());
        lab.delta();
        compare(server, lab);
      }
      lab.commit(
          Map.of(id(TOWN, 1), Optional.of(vertex("Town", random))),
          Optional.of(labels(false, TOWN)));
      lab.delta();
      compare(server, lab);
      aLabelComesAndGoesUntold(server, lab, random);
      theLaterOneTakesOver(server);
      whatIsWrittenAheadIsSeenInItsTurn(server);
      try (AgeStandby standby = standby(server)) {
        standby.strip(Progress.NONE);
      }
      assertThat(query(server, "SELECT 1 FROM pg_class WHERE relname LIKE '\\_\\_varve%'"))
          .isEmpty();
      assertThat(created(server, "City")).isEqualTo(new Graphid(CITY, 4).toString());
      assertThat(created(server, "Town")).isEqualTo(new Graphid(TOWN, 13).toString());
      whoIsNoSuperuserFollowsToo(server);
    }
  }

  /** AGE does not let it drop labels. */
  private void whoIsNoSuperuserFollowsToo(AgeServer server) throws SQLException {
    String role = "follower";
    query(server, AgeServer.DATABASE, "CREATE ROLE " + role + " LOGIN PASSWORD 'pw'");
    query(server, AgeServer.DATABASE, "CREATE DATABASE " + role);
    query(server, role, "CREATE EXTENSION age");
    for (String grant : AgeDatabase.grants(role, role)) {
      query(server, role, grant);
    }
    Supplier<Standby> opening = () -> standby(server, role, "pw", role);
    Random random = new Random(seed);
    ChainLab lab = new ChainLab(directory.resolve(role)).store("age:test");
    lab.commit(
        Map.of(id(CITY, 1), Optional.of(vertex("City", random))),
        Optional.of(labels(true, PERSON, KNOWS, CITY)));
    lab.base();
    compare(opening, lab);
    lab.commit(Map.of(id(CITY, 1), Optional.empty()), Optional.of(labels(true, PERSON, KNOWS)));
    lab.commit(Map.of(id(PERSON, 1), Optional.of(vertex("Person", random))));
    lab.delta();
    compare(opening, lab);
    assertThat(query(server, role, "SELECT count(*) FROM " + NAME + ".\"City\""))
        .containsExactly("0");
  }

  /** It is made, dropped and made again, before anybody has told that there is such a label. */
  private void aLabelComesAndGoesUntold(AgeServer server, ChainLab lab, Random random) {
    lab.commit(Map.of(id(VILLAGE, 1), Optional.of(vertex("Village", random))));
    lab.delta();
    compare(server, lab);
    lab.commit(
        Map.of(
            id(VILLAGE, 1),
            Optional.empty(),
            id(VILLAGE_AGAIN, 1),
            Optional.of(vertex("Village", random))));
    lab.delta();
    compare(server, lab);
  }

  /** What is created after a promotion has an id of its own. */
  private static String created(AgeServer server, String label) throws SQLException {
    return query(
            server,
            "SELECT * FROM cypher('"
                + NAME
                + "', $$ CREATE (c:"
                + label
                + ") RETURN id(c) $$) AS (a agtype)")
        .get(0);
  }

  private static void asAnEarlierVersionMadeIt(AgeServer server) throws SQLException {
    try (Connection connection = server.connect();
        Statement statement = connection.createStatement()) {
      statement.execute("ALTER TABLE varve.standby DROP COLUMN crossed");
    }
  }

  private void compare(AgeServer server, ChainLab lab) {
    compare(() -> standby(server), lab);
  }

  private void compare(Supplier<Standby> opening, ChainLab lab) {
    assertThat(
            ChainReplay.run(
                    lab,
                    directory,
                    opening,
                    new Conversion(Optional.of(Engine.AGE), false),
                    new ReplayConfig.Limits(6, Long.MAX_VALUE))
                .actual()
                .fingerprint())
        .isEqualTo(lab.fingerprint());
  }

  private static AgeStandby standby(AgeServer server) {
    return standby(server, AgeServer.USER, AgeServer.PASSWORD, AgeServer.DATABASE);
  }

  private static AgeStandby standby(
      AgeServer server, String user, String password, String database) {
    String uri =
        "age:postgresql://"
            + user
            + "@"
            + server.host()
            + ":"
            + server.port()
            + "/"
            + database
            + "/"
            + NAME;
    return new AgeStandby(
        AgeSettings.of((TargetUri.Age) TargetUri.parse(uri), Optional.of(password)));
  }

  private static void theLaterOneTakesOver(AgeServer server) {
    try (AgeStandby first = standby(server);
        AgeStandby second = standby(server)) {
      Reached at = first.claim("first").reached();
      first.apply(ChainReplay.nothing(at));
      second.claim("second");
      assertThatThrownBy(() -> first.apply(ChainReplay.nothing(at)))
          .isInstanceOfSatisfying(
              VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.FENCED));
      second.apply(ChainReplay.nothing(at));
    }
  }

  private static void whatIsWrittenAheadIsSeenInItsTurn(AgeServer server) {
    Random random = new Random(1);
    Map<ElementId, Element> vertices = new TreeMap<>();
    for (long entry = 10; entry < 14; entry++) {
      vertices.put(id(TOWN, entry), vertex("Town", random));
    }
    DraftCheck.run(
        () -> standby(server),
        () -> vertices.keySet().stream().map(id -> count(server, id)).toList(),
        vertices);
  }

  private static long count(AgeServer server, ElementId id) {
    try {
      return Long.parseLong(
          query(
                  server,
                  "SELECT count(*) FROM "
                      + NAME
                      + ".\"Town\" WHERE id = '"
                      + Graphid.parse(id.id()).number()
                      + "'::graphid")
              .get(0));
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private final Map<ElementId, Element> alive = new HashMap<>();

  /** People come, change and go, and so does who knows whom. */
  private Map<ElementId, Optional<Element>> people(Random random) {
    Map<ElementId, Optional<Element>> changes = new HashMap<>();
    for (int i = 0; i < 4; i++) {
      ElementId person = id(PERSON, 1 + random.nextInt(12));
      boolean gone = alive.containsKey(person) && random.nextInt(3) == 0;
      changes.put(person, gone ? Optional.empty() : Optional.of(vertex("Person", random)));
    }
    for (int i = 0; i < 2; i++) {
      ElementId edge = ElementId.edge(new Graphid(KNOWS, 1 + random.nextInt(12)).toString());
      boolean gone = alive.containsKey(edge) && random.nextInt(3) == 0;
      changes.put(
          edge,
          gone
              ? Optional.empty()
              : Optional.of(
                  Edge.of(
                      "KNOWS",
                      id(PERSON, 1 + random.nextInt(12)).id(),
                      id(PERSON, 1 + random.nextInt(12)).id(),
                      Map.of("n", Value.Int.of(random.nextLong())))));
    }
    changes.forEach(
        (id, state) -> {
          if (state.isPresent()) {
            alive.put(id, state.get());
          } else {
            alive.remove(id);
          }
        });
    return changes;
  }

  private static Vertex vertex(String label, Random random) {
    return Vertex.of(Set.of(label), Map.of("n", Value.Int.of(random.nextLong())));
  }

  private static ElementId id(int label, long entry) {
    return ElementId.vertex(new Graphid(label, entry).toString());
  }

  private static StoreSchema.Change labels(boolean whole, int... ids) {
    List<StoreSchema.Rule> rules = new ArrayList<>();
    for (int id : ids) {
      rules.add(
          new LabelRule(
                  NAMES.getOrDefault(id, "KNOWS"),
                  id == KNOWS ? ElementKind.EDGE : ElementKind.VERTEX,
                  id)
              .rule());
    }
    return new StoreSchema.Change(whole, rules, List.of());
  }

  private static List<String> query(AgeServer server, String statement) throws SQLException {
    return query(server, AgeServer.DATABASE, statement);
  }

  /** What it returns, if it returns anything. */
  private static List<String> query(AgeServer server, String database, String statement)
      throws SQLException {
    List<String> rows = new ArrayList<>();
    try (Connection connection = server.connect(database);
        Statement run = connection.createStatement()) {
      if (run.execute(statement)) {
        ResultSet row = run.getResultSet();
        while (row.next()) {
          rows.add(row.getString(1));
        }
      }
    }
    return rows;
  }
}
