package dev.varve.restore.target.neo4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.archive.Reached;
import dev.varve.embedded.EmbeddedServer;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Element;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.graph.Vertex;
import dev.varve.replay.ChainReplay;
import dev.varve.replay.DraftCheck;
import dev.varve.replay.ReplayConfig;
import dev.varve.replay.Verified;
import dev.varve.restore.ChainLab;
import dev.varve.restore.Progress;
import dev.varve.restore.RandomValues;
import dev.varve.restore.TargetUri;
import dev.varve.restore.convert.Conversion;
import dev.varve.restore.convert.Engine;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.driver.AuthTokens;
import org.neo4j.driver.Driver;
import org.neo4j.driver.GraphDatabase;
import org.neo4j.driver.Record;
import org.neo4j.driver.Session;

/** A standby in a real Neo4j that follows the deltas of a chain. */
final class BoltStandbyTest {

  @TempDir static Path home;
  private static EmbeddedServer.Running server;
  private static Driver driver;

  @TempDir Path directory;

  private final long seed = Long.getLong("varve.seed", 7);

  @BeforeAll
  static void startServer() {
    server =
        ServiceLoader.load(EmbeddedServer.class).findFirst().orElseThrow().start(home, Map.of());
    driver = GraphDatabase.driver(server.address(), AuthTokens.none());
  }

  @AfterAll
  static void stopServer() {
    driver.close();
    server.close();
  }

  private static List<Record> query(String statement) {
    try (Session session = driver.session()) {
      return session.run(statement).list();
    }
  }

  private BoltStandby standby() {
    return new BoltStandby(
        BoltSettings.of((TargetUri.Bolt) TargetUri.parse(server.address()), Optional.empty()));
  }

  private Verified replay(ChainLab lab, int versions) {
    return ChainReplay.run(
        lab,
        directory,
        this::standby,
        new Conversion(Optional.of(Engine.NEO4J), false),
        new ReplayConfig.Limits(versions, Long.MAX_VALUE));
  }

  @Test
  void followsDeltasOfEveryKindAndIsFencedAndStripped() {
    System.out.println("repeat with -Dvarve.seed=" + seed);
    Random random = new Random(seed);
    RandomValues values = new RandomValues(random, false);
    ChainLab lab = new ChainLab(directory);
    commit(lab, random, values);
    lab.base();
    assertThat(replay(lab, 5).actual().fingerprint()).isEqualTo(lab.fingerprint());
    for (int i = 0; i < 6; i++) {
      commit(lab, random, values);
      if (i == 1) {
        lab.commit(
            Map.of(), Optional.of(new StoreSchema.Change(false, List.of(index()), List.of())));
      }
      lab.delta();
      if (i == 0 || i == 2) {
        assertThat(replay(lab, 5).actual().fingerprint()).isEqualTo(lab.fingerprint());
      }
    }
    lab.merged(3, 4);
    lab.thinned(3, 5);
    assertThat(replay(lab, 1_000).actual().fingerprint()).isEqualTo(lab.fingerprint());
    assertThat(query("SHOW INDEXES YIELD name WHERE name = 'by_name' RETURN name")).hasSize(1);
    theLaterOneTakesOver();
    nothingOfUsIsLeft();
  }

  @Test
  void whatIsWrittenAheadIsSeenInItsTurn() {
    query("MATCH (n) DETACH DELETE n");
    query("DROP INDEX by_name IF EXISTS");
    ChainLab lab = new ChainLab(directory);
    commit(lab, new Random(seed), new RandomValues(new Random(seed), false));
    lab.base();
    replay(lab, 5);
    Map<ElementId, Element> vertices = new TreeMap<>();
    for (long id = 9_000; id < 9_004; id++) {
      vertices.put(ElementId.vertex(Long.toString(id)), Vertex.of(Set.of("Ahead"), Map.of()));
    }
    DraftCheck.run(
        this::standby,
        () ->
            vertices.keySet().stream()
                .map(
                    id ->
                        query("MATCH (n:Ahead {__varve_id: " + id.id() + "}) RETURN count(n)")
                            .get(0)
                            .get(0)
                            .asLong())
                .toList(),
        vertices);
  }

  private static void commit(ChainLab lab, Random random, RandomValues values) {
    for (int i = 0; i < 15; i++) {
      lab.tick(1_000);
      lab.randomCommit(random, values);
    }
  }

  private static StoreSchema.Rule index() {
    return new StoreSchema.Rule(
        "by_name",
        StoreSchema.Form.INDEX,
        "RANGE",
        ElementKind.VERTEX,
        List.of("Person"),
        List.of("name"),
        Optional.of("CREATE RANGE INDEX by_name FOR (n:Person) ON (n.name)"));
  }

  private void theLaterOneTakesOver() {
    try (BoltStandby first = standby();
        BoltStandby second = standby()) {
      Reached at = first.claim("first").reached();
      first.apply(ChainReplay.nothing(at));
      second.claim("second");
      assertThatThrownBy(() -> first.apply(ChainReplay.nothing(at)))
          .isInstanceOfSatisfying(
              VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.FENCED));
      second.apply(ChainReplay.nothing(at));
    }
  }

  private void nothingOfUsIsLeft() {
    long before = query("MATCH (n) RETURN count(n)").get(0).get(0).asLong();
    try (BoltStandby standby = standby()) {
      standby.strip(Progress.NONE);
    }
    assertThat(query("MATCH (n) RETURN count(n)").get(0).get(0).asLong()).isEqualTo(before - 1);
    assertThat(
            query(
                "MATCH (n) WHERE n:__VarveStandby OR n:__VarveStandbyCut OR n.__varve_id IS NOT"
                    + " NULL RETURN n LIMIT 1"))
        .isEmpty();
    assertThat(query("MATCH ()-[r]->() WHERE r.__varve_id IS NOT NULL RETURN r LIMIT 1")).isEmpty();
    assertThat(query("SHOW INDEXES YIELD name WHERE name STARTS WITH '__varve' RETURN name"))
        .isEmpty();
  }
}
