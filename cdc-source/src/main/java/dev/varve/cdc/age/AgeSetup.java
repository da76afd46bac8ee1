package dev.varve.cdc.age;

import dev.varve.age.ReplayedMessage;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a superuser does once so that a graph can be captured, and what undoes it. The role that
 * captures then needs no more than it uses: it logs in for replication, reads the graph's tables
 * and prepares new labels by one function.
 */
public final class AgeSetup {

  /** So that a slot whose capture is gone for good cannot fill the disk. */
  private static final String SLOT_LIMIT = "64GB";

  /** What Varve's own messages in the log begin with. */
  static final String MESSAGE_PREFIX = ReplayedMessage.PREFIX;

  /** Since then the function that writes markers has one parameter more. */
  private static final int FLUSHING_MESSAGES = 170_000;

  private AgeSetup() {}

  /**
   * A statement.
   *
   * @param why for an operator; one line
   * @param shown as it may be printed
   * @param run as it is run, perhaps with a secret in it
   * @param restart whether the server has to be started again after it
   */
  public record Step(String why, String shown, String run, boolean restart) {
    /** As in a script. */
    @Override
    public String toString() {
      return "-- " + why + (restart ? "; then restart the server" : "") + "\n" + shown + ";";
    }
  }

  /**
   * What is still to be done, in order; empty if all is as it should be.
   *
   * @param connection of any role that may look into the database
   */
  public static List<Step> missing(Connection connection, AgeSettings settings)
      throws SQLException {
    return missing(AgeFacts.of(connection, settings), settings);
  }

  static List<Step> missing(AgeFacts facts, AgeSettings settings) {
    List<Step> steps = new ArrayList<>();
    if (!facts.walLevel().equals("logical")) {
      steps.add(
          new Step(
              "the log has to tell what changed",
              "ALTER SYSTEM SET wal_level = 'logical'",
              "ALTER SYSTEM SET wal_level = 'logical'",
              true));
    }
    if (facts.slotLimitBytes().isEmpty()) {
      add(
          steps,
          "a capture that is down holds back so much of the log at most, then it has to scan anew",
          "ALTER SYSTEM SET max_slot_wal_keep_size = '" + SLOT_LIMIT + "'");
      add(steps, "makes it so", "SELECT pg_reload_conf()");
    }
    if (facts.extension().isEmpty()) {
      add(steps, "the graph database itself", "CREATE EXTENSION age");
    }
    role(facts, settings, steps);
    identities(facts, settings, steps);
    if (!facts.helper() && !facts.role().superuser()) {
      helper(facts.role().name(), steps);
    }
    if (!facts.publication().map(AgeFacts.Publication::complete).orElse(false)) {
      if (facts.publication().isPresent()) {
        add(
            steps,
            "it leaves out what belongs to the graph",
            "DROP PUBLICATION " + Sql.name(settings.publication()));
      }
      add(
          steps,
          "which tables are captured: the graph's, those to come too, and what names its labels",
          "CREATE PUBLICATION %s FOR TABLES IN SCHEMA %s, TABLE ag_catalog.ag_graph, ag_catalog.ag_label"
              .formatted(Sql.name(settings.publication()), Sql.name(settings.graph())));
    }
    return steps;
  }

  private static void role(AgeFacts facts, AgeSettings settings, List<Step> steps) {
    AgeFacts.Role role = facts.role();
    String name = Sql.name(role.name());
    if (!role.exists()) {
      String create = "CREATE ROLE " + name + " LOGIN REPLICATION PASSWORD ";
      steps.add(
          new Step(
              "who captures",
              create + "'…'",
              create + settings.password().map(Sql::text).orElse("NULL"),
              false));
    } else if (!role.replication()) {
      add(steps, "it reads the log", "ALTER ROLE " + name + " REPLICATION");
    }
    if (role.exists() && !role.connects()) {
      add(
          steps,
          "it logs in",
          "GRANT CONNECT ON DATABASE " + Sql.name(settings.database()) + " TO " + name);
    }
    if (!role.sees()) {
      add(
          steps,
          "it sees the graph",
          "GRANT USAGE ON SCHEMA ag_catalog, " + Sql.name(settings.graph()) + " TO " + name);
    }
    if (role.exists() && !role.messages()) {
      add(
          steps,
          "it marks where it is in the log",
          "GRANT EXECUTE ON FUNCTION pg_logical_emit_message(boolean, text, text"
              + (facts.versionNumber() >= FLUSHING_MESSAGES ? ", boolean) TO " : ") TO ")
              + name);
    }
    List<String> unread =
        facts.tables().stream()
            .filter(table -> !table.readable())
            .map(AgeFacts.Table::sql)
            .toList();
    if (!unread.isEmpty()) {
      add(
          steps,
          "it reads what is there before it begins",
          "GRANT SELECT ON " + String.join(", ", unread) + " TO " + name);
    }
    if (role.rowSecurity() && facts.tables().stream().anyMatch(AgeFacts.Table::policies)) {
      add(
          steps,
          "row security must not hide anything from it",
          "ALTER ROLE " + name + " BYPASSRLS");
    }
  }

  private static void identities(AgeFacts facts, AgeSettings settings, List<Step> steps) {
    for (AgeFacts.Table table : facts.tables()) {
      if (table.unlogged()) {
        add(
            steps,
            "an unlogged table is not in the log",
            "ALTER TABLE " + table.sql() + " SET LOGGED");
      }
      if (!table.complete()) {
        add(
            steps,
            table.schema().equals(settings.graph())
                ? "without it removals are not in the log, and nobody is told"
                : "tells of labels and graphs that are dropped or renamed",
            "ALTER TABLE " + table.sql() + " REPLICA IDENTITY FULL");
      }
    }
  }

  /** Owned by the superuser, it does this one thing for whoever captures, and only to labels. */
  private static void helper(String role, List<Step> steps) {
    String function = AgeFacts.HELPER_SCHEMA + "." + AgeFacts.HELPER + "(regclass, text)";
    add(steps, "for the function that follows", "CREATE SCHEMA IF NOT EXISTS varve");
    add(
        steps,
        "lets the role prepare labels that are created later, without owning them",
        """
        CREATE OR REPLACE FUNCTION varve.prepare_label(label regclass, message text) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
          IF NOT EXISTS (SELECT FROM ag_catalog.ag_label WHERE relation = label) THEN
            RAISE EXCEPTION '% is not a label', label;
          END IF;
          EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', label);
          EXECUTE format('GRANT SELECT ON %s TO %I', label, session_user);
          PERFORM pg_logical_emit_message(true, 'varve', message);
          EXECUTE format('UPDATE ONLY %s SET properties = properties', label);
        END $$"""
            .strip());
    add(steps, "nobody else", "REVOKE ALL ON FUNCTION " + function + " FROM PUBLIC");
    add(steps, "it finds it", "GRANT USAGE ON SCHEMA varve TO " + Sql.name(role));
    add(steps, "it calls it", "GRANT EXECUTE ON FUNCTION " + function + " TO " + Sql.name(role));
  }

  private static void add(List<Step> steps, String why, String sql) {
    steps.add(new Step(why, sql, sql, false));
  }

  /**
   * Does the steps, all of them or none but for those of the server's settings, which PostgreSQL
   * does not take in a transaction.
   *
   * @param connection of a superuser
   * @return whether the server has to be started again
   */
  public static boolean run(Connection connection, List<Step> steps) throws SQLException {
    boolean restart = false;
    connection.setAutoCommit(true);
    try (Statement statement = connection.createStatement()) {
      for (Step step : steps) {
        if (step.run().startsWith("ALTER SYSTEM")) {
          statement.execute(step.run());
          restart |= step.restart();
        }
      }
      connection.setAutoCommit(false);
      for (Step step : steps) {
        if (!step.run().startsWith("ALTER SYSTEM")) {
          statement.execute(step.run());
        }
      }
      connection.commit();
    } finally {
      if (!connection.getAutoCommit()) {
        connection.rollback();
        connection.setAutoCommit(true);
      }
    }
    return restart;
  }

  /**
   * Prepares a label that was created while the graph is captured: in the log, the caller's
   * transaction holds the message and, behind it, every row of the label as it is; from its commit
   * on, removals are in the log. Keeps everybody else out of the table until then.
   */
  static void prepareLabel(Connection connection, String graph, String label, String message)
      throws SQLException {
    String table = Sql.name(graph, label);
    try (Statement statement = connection.createStatement()) {
      if (!owns(connection, table)) {
        statement.execute(
            "SELECT varve.prepare_label("
                + Sql.text(table)
                + "::regclass, "
                + Sql.text(message)
                + ")");
        return;
      }
      statement.execute("ALTER TABLE ONLY " + table + " REPLICA IDENTITY FULL");
      statement.execute(
          "SELECT pg_logical_emit_message(true, '"
              + MESSAGE_PREFIX
              + "', "
              + Sql.text(message)
              + ")");
      statement.execute("UPDATE ONLY " + table + " SET properties = properties");
    }
  }

  private static boolean owns(Connection connection, String table) throws SQLException {
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = ?::regclass")) {
      query.setString(1, table);
      try (var row = query.executeQuery()) {
        return row.next() && row.getBoolean(1);
      }
    }
  }

  /** What was there to be removed. */
  public record Released(boolean slot, boolean publication) {}

  /**
   * Removes the slot and the publication. Capture cannot go on after it but by a new scan; the log
   * that was held back for it is free.
   *
   * @throws VarveException with {@link ExitCode#FENCED} if a capture reads from the slot now
   */
  public static Released release(Connection connection, AgeSettings settings) throws SQLException {
    Optional<SlotStatus> slot = SlotStatus.of(connection, settings.slot());
    if (slot.isPresent() && slot.get().active()) {
      throw new VarveException(
          ExitCode.FENCED,
          "a capture reads from the slot " + settings.slot() + "; nothing was removed",
          "stop it first: varve up or varve capture, wherever it runs");
    }
    boolean publication;
    try (PreparedStatement query =
        connection.prepareStatement("SELECT 1 FROM pg_publication WHERE pubname = ?")) {
      query.setString(1, settings.publication());
      try (var row = query.executeQuery()) {
        publication = row.next();
      }
    }
    try (Statement statement = connection.createStatement()) {
      if (publication) {
        statement.execute("DROP PUBLICATION " + Sql.name(settings.publication()));
      }
      if (slot.isPresent()) {
        statement.execute("SELECT pg_drop_replication_slot(" + Sql.text(settings.slot()) + ")");
      }
    }
    return new Released(slot.isPresent(), publication);
  }
}
