package dev.varve.cdc.age;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What has to be known of a server, a database, a graph and a role to say whether the graph can be
 * captured.
 *
 * @param versionNumber such as 170012
 * @param slotLimitBytes how much of the log the server keeps for a slot before it gives it up
 *     (max_slot_wal_keep_size); absent if there is no limit
 * @param graphs the names of all graphs in the database; empty without AGE
 * @param tables the two of the catalogue that tell of graphs and labels, and the graph's labels
 * @param helper whether the function is there by which the role prepares a new label
 */
record AgeFacts(
    int versionNumber,
    String version,
    boolean standby,
    String walLevel,
    int slotsFree,
    Optional<Long> slotLimitBytes,
    Optional<String> extension,
    List<String> graphs,
    Role role,
    List<Table> tables,
    boolean helper,
    Optional<Publication> publication,
    Optional<SlotStatus> slot) {

  static final String CATALOG = "ag_catalog";
  static final String HELPER_SCHEMA = "varve";
  static final String HELPER = "prepare_label";
  static final char FULL = 'f';
  private static final char UNLOGGED = 'u';

  AgeFacts {
    graphs = List.copyOf(graphs);
    tables = List.copyOf(tables);
  }

  /**
   * The role that captures.
   *
   * @param rowSecurity whether policies of tables hide rows from it
   * @param sees whether it may use the schemas of AGE and of the graph
   * @param messages whether it may write markers into the log
   */
  record Role(
      String name,
      boolean exists,
      boolean superuser,
      boolean replication,
      boolean rowSecurity,
      boolean connects,
      boolean sees,
      boolean messages) {}

  /**
   * A table.
   *
   * @param identity its replica identity as pg_class has it: d, n, f, i
   * @param persistence p, u (unlogged)
   * @param readable by the role
   * @param alterable by the role itself, as one of its owners
   * @param policies whether row security is on
   */
  record Table(
      String schema,
      String name,
      char identity,
      char persistence,
      boolean readable,
      boolean alterable,
      boolean policies) {

    boolean complete() {
      return identity == FULL;
    }

    boolean unlogged() {
      return persistence == UNLOGGED;
    }

    String sql() {
      return Sql.name(schema, name);
    }
  }

  /**
   * A publication.
   *
   * @param operations whether inserts, updates, deletes and truncates are all in it
   * @param schema whether every table of the graph, those to come too, is in it
   * @param catalog whether the two tables of AGE's catalogue are
   * @param filtered whether rows or columns of any of these are left out
   */
  record Publication(boolean operations, boolean schema, boolean catalog, boolean filtered) {
    boolean complete() {
      return operations && schema && catalog && !filtered;
    }
  }

  /**
   * Looks.
   *
   * @param connection of any role that may see the database
   */
  static AgeFacts of(Connection connection, AgeSettings settings) throws SQLException {
    Query query = new Query(connection);
    Optional<String> extension =
        query.text("SELECT extversion FROM pg_extension WHERE extname = 'age'");
    String role = settings.user().or(() -> query.user).orElse("");
    boolean age =
        extension.isPresent() && query.truth("SELECT has_schema_privilege(?, 'USAGE')", CATALOG);
    return new AgeFacts(
        Integer.parseInt(query.text("SHOW server_version_num").orElse("0")),
        query.text("SHOW server_version").orElse("?"),
        query.truth("SELECT pg_is_in_recovery()"),
        query.text("SHOW wal_level").orElse("?"),
        Integer.parseInt(
            query
                .text(
                    "SELECT (SELECT setting::int FROM pg_settings"
                        + " WHERE name = 'max_replication_slots')"
                        + " - (SELECT count(*) FROM pg_replication_slots)")
                .orElse("0")),
        query
            .text("SELECT setting FROM pg_settings WHERE name = 'max_slot_wal_keep_size'")
            .map(Long::parseLong)
            .filter(megabytes -> megabytes >= 0)
            .map(megabytes -> megabytes << 20),
        extension,
        age ? query.texts("SELECT name::text FROM ag_catalog.ag_graph ORDER BY 1") : List.of(),
        role(query, role, settings.graph()),
        tables(connection, role, settings.graph()),
        query.truth(
            "SELECT EXISTS (SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
                + " WHERE n.nspname = ? AND p.proname = ? AND EXISTS (SELECT FROM pg_roles"
                + " WHERE rolname = ?) AND has_function_privilege(?::text, p.oid, 'EXECUTE'))",
            HELPER_SCHEMA,
            HELPER,
            role,
            role),
        publication(connection, settings),
        SlotStatus.of(connection, settings.slot()));
  }

  private static Role role(Query query, String role, String graph) throws SQLException {
    boolean exists = query.truth("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = ?)", role);
    if (!exists) {
      return new Role(role, false, false, false, true, false, false, false);
    }
    boolean sees =
        query.truth(
            "SELECT count(*) = 2 AND coalesce(bool_and(has_schema_privilege(?::text, oid,"
                + " 'USAGE')), false) FROM pg_namespace WHERE nspname IN ('ag_catalog', ?)",
            role,
            graph);
    return new Role(
        role,
        true,
        query.truth("SELECT rolsuper FROM pg_roles WHERE rolname = ?", role),
        query.truth("SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = ?", role),
        query.truth("SELECT NOT (rolbypassrls OR rolsuper) FROM pg_roles WHERE rolname = ?", role),
        query.truth("SELECT has_database_privilege(?::text, current_database(), 'CONNECT')", role),
        sees,
        query.truth(
            "SELECT coalesce(bool_and(has_function_privilege(?::text, oid, 'EXECUTE')), false)"
                + " FROM pg_proc WHERE proname = 'pg_logical_emit_message'",
            role));
  }

  /** By the system's own catalogue, since AGE's may not be readable yet. */
  private static List<Table> tables(Connection connection, String role, String graph)
      throws SQLException {
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT n.nspname::text, c.relname::text, c.relreplident::text,"
                + " c.relpersistence::text,"
                + " r.oid IS NOT NULL AND has_table_privilege(r.oid, c.oid, 'SELECT'),"
                + " r.oid IS NOT NULL AND (r.rolsuper OR pg_has_role(r.oid, c.relowner, 'USAGE')),"
                + " c.relrowsecurity AND (c.relforcerowsecurity OR r.oid IS DISTINCT FROM"
                + " c.relowner)"
                + " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                + " LEFT JOIN pg_roles r ON r.rolname = ?"
                + " WHERE c.relkind IN ('r', 'p') AND ((n.nspname = 'ag_catalog'"
                + " AND c.relname IN ('ag_graph', 'ag_label')) OR (n.nspname = ? AND c.oid IN"
                + " (SELECT inhrelid FROM pg_inherits UNION ALL SELECT inhparent FROM pg_inherits"
                + " UNION ALL SELECT k.oid FROM pg_class k WHERE k.relname IN"
                + " ('_ag_label_vertex', '_ag_label_edge'))))"
                + " ORDER BY n.nspname <> 'ag_catalog', n.nspname, c.relname")) {
      query.setString(1, role);
      query.setString(2, graph);
      List<Table> tables = new ArrayList<>();
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          tables.add(
              new Table(
                  row.getString(1),
                  row.getString(2),
                  row.getString(3).charAt(0),
                  row.getString(4).charAt(0),
                  row.getBoolean(5),
                  row.getBoolean(6),
                  row.getBoolean(7)));
        }
      }
      return tables;
    }
  }

  private static Optional<Publication> publication(Connection connection, AgeSettings settings)
      throws SQLException {
    // pg_publication_namespace came with version 15, and older servers are refused anyway
    boolean schemas = connection.getMetaData().getDatabaseMajorVersion() >= 15;
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate,"
                + " p.puballtables"
                + (schemas
                    ? " OR EXISTS (SELECT FROM pg_publication_namespace s JOIN pg_namespace n"
                        + " ON n.oid = s.pnnspid WHERE s.pnpubid = p.oid AND n.nspname = ?)"
                    : " OR ?::text IS NULL")
                + ", (SELECT count(*) = 2 FROM pg_publication_tables t WHERE t.pubname = p.pubname"
                + " AND t.schemaname = 'ag_catalog' AND t.tablename IN ('ag_graph', 'ag_label'))"
                + (schemas
                    ? ", EXISTS (SELECT FROM pg_publication_rel r WHERE r.prpubid = p.oid"
                        + " AND (r.prqual IS NOT NULL OR r.prattrs IS NOT NULL))"
                    : ", false")
                + " FROM pg_publication p WHERE p.pubname = ?")) {
      query.setString(1, settings.graph());
      query.setString(2, settings.publication());
      try (ResultSet row = query.executeQuery()) {
        return row.next()
            ? Optional.of(
                new Publication(
                    row.getBoolean(1), row.getBoolean(2), row.getBoolean(3), row.getBoolean(4)))
            : Optional.empty();
      }
    }
  }

  /** Questions with one answer. */
  private static final class Query {
    private final Connection connection;
    private final Optional<String> user;

    Query(Connection connection) throws SQLException {
      this.connection = connection;
      this.user = text("SELECT current_user::text");
    }

    Optional<String> text(String sql, String... parameters) throws SQLException {
      List<String> texts = texts(sql, parameters);
      return texts.isEmpty() ? Optional.empty() : Optional.of(texts.get(0));
    }

    boolean truth(String sql, String... parameters) throws SQLException {
      return text(sql, parameters).filter("t"::equals).isPresent();
    }

    List<String> texts(String sql, String... parameters) throws SQLException {
      try (PreparedStatement query = connection.prepareStatement(sql)) {
        for (int i = 0; i < parameters.length; i++) {
          query.setString(i + 1, parameters[i]);
        }
        List<String> texts = new ArrayList<>();
        try (ResultSet row = query.executeQuery()) {
          while (row.next()) {
            texts.add(row.getString(1));
          }
        }
        return texts;
      }
    }
  }
}
