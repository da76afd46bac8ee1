package dev.varve.cdc.age;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.varve.cdc.age.AgeFinding.Level;
import dev.varve.container.age.AgeServer;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.replication.PGReplicationStream;

/** Each guard, against a server that lacks what it guards. */
final class AgeSetupTest {

  private static final String ROLE = "varve_reader";
  private static final String SECRET = "battery-staple";

  private static AgeServer server;
  private static int databases;

  private String database = "";
  private AgeSettings asRole;
  private AgeSettings asSuperuser;

  @BeforeAll
  static void startServer() {
    assumeTrue(AgeServer.dockerIsThere(), "there is no Docker engine");
    server = AgeServer.start(Map.of("max_slot_wal_keep_size", "4MB"));
  }

  @AfterAll
  static void stopServer() {
    if (server != null) {
      server.close();
    }
  }

  @BeforeEach
  void freshGraph() throws SQLException {
    database = "d" + databases++;
    server.createDatabase(database);
    String uri = "postgresql://" + server.host() + ":" + server.port() + "/" + database;
    asRole = AgeSettings.of(uri, Optional.of(ROLE), Optional.of(SECRET), "Soc-ial.x");
    asSuperuser = asRole.as(AgeServer.USER, Optional.of(AgeServer.PASSWORD));
    sql(
        "SELECT create_graph('Soc-ial.x')",
        "SELECT create_vlabel('Soc-ial.x', 'Per_Son')",
        "SELECT create_elabel('Soc-ial.x', 'KNOWS')");
  }

  private void sql(String... statements) throws SQLException {
    try (Connection connection = server.connect(database);
        Statement statement = connection.createStatement()) {
      for (String one : statements) {
        statement.execute(one);
      }
    }
  }

  private void setUp() throws SQLException {
    try (Connection connection = asSuperuser.connect()) {
      assertThat(AgeSetup.run(connection, AgeSetup.missing(connection, asRole))).isFalse();
    }
  }

  private List<AgeFinding> look() throws SQLException {
    try (Connection connection = asSuperuser.connect()) {
      return AgeCheck.of(connection, asRole);
    }
  }

  private AgeFinding find(String what) throws SQLException {
    return look().stream().filter(finding -> finding.what().equals(what)).findFirst().orElseThrow();
  }

  @Test
  void leastPrivilegedRoleHasAllThatItNeedsAfterTheSetup() throws SQLException {
    assertThat(look()).anyMatch(finding -> finding.level() == Level.BLOCKING);
    setUp();
    try (Connection connection = asRole.connect()) {
      assertThat(AgeCheck.of(connection, asRole))
          .allSatisfy(finding -> assertThat(finding.level()).as("%s", finding).isEqualTo(Level.OK));
      AgeCheck.require(connection, asRole);
      assertThat(AgeSetup.missing(connection, asRole)).isEmpty();
    }
  }

  @Test
  void scriptDoesNotShowThePassword() throws SQLException {
    try (Connection connection = asSuperuser.connect()) {
      AgeSettings stranger = asRole.as("nobody_yet", Optional.of(SECRET));
      List<AgeSetup.Step> steps = AgeSetup.missing(connection, stranger);
      assertThat(steps).anyMatch(step -> step.shown().startsWith("CREATE ROLE"));
      assertThat(steps.toString()).doesNotContain(SECRET);
    }
  }

  @Test
  void newLabelIsPreparedByTheRoleThatDoesNotOwnIt() throws SQLException {
    setUp();
    sql("SELECT create_vlabel('Soc-ial.x', 'LatEr')", "CREATE TABLE public.other (a int)");
    assertThat(find("identity").level()).isEqualTo(Level.WARNING);
    assertThat(find("identity").text()).contains("LatEr");
    try (Connection connection = asRole.connect();
        Statement statement = connection.createStatement()) {
      assertThatThrownBy(
              () -> statement.execute("ALTER TABLE \"Soc-ial.x\".\"LatEr\" ADD COLUMN a int"))
          .hasMessageContaining("owner");
      AgeSetup.prepareLabel(connection, "Soc-ial.x", "LatEr", "stated");
      statement.execute("SELECT * FROM ONLY \"Soc-ial.x\".\"LatEr\"");
      assertThatThrownBy(() -> statement.execute("SELECT varve.prepare_label('public.other', '')"))
          .hasMessageContaining("is not a label");
    }
    assertThat(find("identity").level()).isEqualTo(Level.OK);
  }

  @Test
  void ownerPreparesNewLabelsItself() throws SQLException {
    sql("SELECT create_vlabel('Soc-ial.x', 'Mine')");
    try (Connection connection = asSuperuser.connect()) {
      AgeSetup.prepareLabel(connection, "Soc-ial.x", "Mine", "stated");
      assertThat(
              AgeFacts.of(connection, asSuperuser).tables().stream()
                  .filter(AgeFacts.Table::complete)
                  .map(AgeFacts.Table::name))
          .containsExactly("Mine");
    }
  }

  @Test
  void identitiesThatWereTakenBackBlockUnlessCaptureCanHelp() throws SQLException {
    setUp();
    sql("ALTER TABLE ag_catalog.ag_label REPLICA IDENTITY DEFAULT");
    assertThat(find("identity").level()).isEqualTo(Level.BLOCKING);
    setUp();
    sql("DROP FUNCTION varve.prepare_label(regclass, text)");
    assertThat(find("new labels").level()).isEqualTo(Level.BLOCKING);
    sql("ALTER TABLE \"Soc-ial.x\".\"KNOWS\" REPLICA IDENTITY NOTHING");
    assertThat(find("identity").level()).isEqualTo(Level.BLOCKING);
    setUp();
    assertThat(look()).noneMatch(finding -> finding.level() == Level.BLOCKING);
  }

  @Test
  void whatHidesElementsBlocks() throws SQLException {
    setUp();
    sql("ALTER TABLE \"Soc-ial.x\".\"Per_Son\" ENABLE ROW LEVEL SECURITY");
    assertThat(find("reading").text()).contains("row security", "Per_Son");
    setUp();
    assertThat(find("reading").level()).isEqualTo(Level.OK);
    sql("ALTER ROLE " + ROLE + " NOBYPASSRLS");
    sql("ALTER TABLE \"Soc-ial.x\".\"Per_Son\" DISABLE ROW LEVEL SECURITY");
    sql("REVOKE SELECT ON \"Soc-ial.x\".\"KNOWS\" FROM " + ROLE);
    assertThat(find("reading").text()).contains("KNOWS");
    assertThat(find("reading").level()).as("capture lets itself").isEqualTo(Level.WARNING);
    sql("DROP FUNCTION varve.prepare_label(regclass, text)");
    assertThat(find("reading").level()).isEqualTo(Level.BLOCKING);
    setUp();
    sql("ALTER PUBLICATION \"" + asRole.publication() + "\" DROP TABLE ag_catalog.ag_label");
    sql(
        "ALTER TABLE \"Soc-ial.x\".\"KNOWS\" REPLICA IDENTITY DEFAULT",
        "ALTER TABLE \"Soc-ial.x\".\"KNOWS\" SET UNLOGGED");
    assertThat(find("publication").level()).isEqualTo(Level.BLOCKING);
    assertThat(find("reading").text()).contains("unlogged", "KNOWS");
    setUp();
    assertThat(look()).noneMatch(finding -> finding.level() == Level.BLOCKING);
  }

  @Test
  void publicationOfLessThanEverythingBlocks() throws SQLException {
    setUp();
    String name = '"' + asRole.publication() + '"';
    sql("ALTER PUBLICATION " + name + " SET (publish = 'insert, update, delete')");
    assertThat(find("publication").level()).isEqualTo(Level.BLOCKING);
    setUp();
    sql(
        "DROP PUBLICATION " + name,
        "CREATE PUBLICATION "
            + name
            + " FOR TABLES IN SCHEMA \"Soc-ial.x\", TABLE ag_catalog.ag_graph,"
            + " ag_catalog.ag_label WHERE (graph IS NOT NULL)");
    assertThat(find("publication").level()).isEqualTo(Level.BLOCKING);
    setUp();
    assertThat(find("publication").level()).isEqualTo(Level.OK);
  }

  @Test
  void whatIsNotThereIsNamed() throws SQLException {
    setUp();
    AgeSettings other =
        AgeSettings.of(asRole.uri(), asRole.user(), asRole.password(), "nosuchgraph");
    try (Connection connection = asRole.connect()) {
      assertThatThrownBy(() -> AgeCheck.require(connection, other))
          .isInstanceOfSatisfying(
              VarveException.class,
              e -> {
                assertThat(e).hasMessageContaining("there is no graph nosuchgraph");
                assertThat(e.hint()).contains("Soc-ial.x");
              });
    }
    sql("ALTER ROLE " + ROLE + " NOREPLICATION");
    assertThat(find("role").level()).isEqualTo(Level.BLOCKING);
    setUp();
    assertThat(find("role").level()).isEqualTo(Level.OK);
  }

  @Test
  void slotThatIsLostOrOfSomebodyElseBlocksAndIsReleased() throws SQLException {
    setUp();
    sql("SELECT pg_create_logical_replication_slot('" + asRole.slot() + "', 'pgoutput')");
    assertThat(find("slot").text()).contains("holds back", "not read from now");
    sql(
        "CREATE TABLE public.filler AS SELECT repeat(md5(n::text), 30) FROM generate_series(1,"
            + " 40000) n",
        "SELECT pg_switch_wal()",
        "CHECKPOINT",
        "INSERT INTO public.filler SELECT * FROM public.filler",
        "SELECT pg_switch_wal()",
        "CHECKPOINT");
    assertThat(find("slot").level()).isEqualTo(Level.BLOCKING);
    assertThat(find("slot").text()).contains("lost");
    try (Connection connection = asSuperuser.connect()) {
      assertThat(AgeSetup.release(connection, asRole)).isEqualTo(new AgeSetup.Released(true, true));
      assertThat(AgeSetup.release(connection, asRole))
          .isEqualTo(new AgeSetup.Released(false, false));
    }
    sql("SELECT pg_create_logical_replication_slot('" + asRole.slot() + "', 'test_decoding')");
    assertThat(find("slot").text()).contains("somebody else's");
    sql("SELECT pg_drop_replication_slot('" + asRole.slot() + "')");
  }

  @Test
  void slotThatIsReadIsNotReleased() throws SQLException {
    setUp();
    sql("SELECT pg_create_logical_replication_slot('" + asRole.slot() + "', 'pgoutput')");
    java.util.Properties properties = new java.util.Properties();
    properties.setProperty("user", ROLE);
    properties.setProperty("password", SECRET);
    properties.setProperty("replication", "database");
    properties.setProperty("assumeMinServerVersion", "15");
    properties.setProperty("preferQueryMode", "simple");
    try (Connection reading = java.sql.DriverManager.getConnection(asRole.jdbcUrl(), properties);
        PGReplicationStream stream =
            reading
                .unwrap(PGConnection.class)
                .getReplicationAPI()
                .replicationStream()
                .logical()
                .withSlotName(asRole.slot())
                .withSlotOption("proto_version", 1)
                .withSlotOption("publication_names", '"' + asRole.publication() + '"')
                .start();
        Connection connection = asSuperuser.connect()) {
      assertThat(stream.isClosed()).isFalse();
      assertThatThrownBy(() -> AgeSetup.release(connection, asRole))
          .isInstanceOfSatisfying(
              VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.FENCED));
      assertThat(SlotStatus.of(connection, asRole.slot())).isPresent();
    }
    sql(
        "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active",
        "SELECT pg_sleep(1)",
        "SELECT pg_drop_replication_slot('" + asRole.slot() + "')");
  }

  @Test
  void settingsAreCheckedAndNamed() {
    assertThat(asRole.slot()).matches("varve_d\\d+_soc_ial_x_[0-9a-f]{8}");
    AgeSettings plain =
        AgeSettings.of(
            "postgresql://db.example.com/shop?sslmode=verify-full&a=b",
            Optional.empty(),
            Optional.empty(),
            "orders");
    assertThat(plain.slot()).isEqualTo("varve_shop_orders");
    assertThat(plain.port()).isEqualTo(5432);
    assertThat(plain.database()).isEqualTo("shop");
    assertThat(plain.parameters()).containsEntry("sslmode", "verify-full").containsEntry("a", "b");
    assertThat(plain.toString()).isEqualTo("db.example.com:5432/shop, graph orders");
    for (String wrong :
        List.of("bolt://a/b", "postgresql://u:p@h/d", "postgresql://h", "postgresql://h:x/d")) {
      assertThatThrownBy(() -> AgeSettings.of(wrong, Optional.empty(), Optional.empty(), "orders"))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
