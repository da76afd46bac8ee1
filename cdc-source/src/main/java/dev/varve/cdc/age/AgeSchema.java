package dev.varve.cdc.age;

import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A graph's labels, indexes and constraints, as the catalogue has them now. An index or constraint
 * has the SQL that makes it again; a constraint is called {@code <label>.<constraint>}. What AGE
 * makes with every graph is left out.
 */
final class AgeSchema {

  private static final int DIGEST_BYTES = 8;

  /** What a replay calls the indexes by which it finds its elements. */
  private static final String STANDBY = "\\_\\_varve\\_standby\\_%";

  private AgeSchema() {}

  static StoreSchema read(AgeSession session, long graphOid) {
    List<StoreSchema.Rule> rules = new ArrayList<>();
    session.tables(graphOid).stream()
        .map(AgeSession.Table::label)
        .filter(label -> !label.isDefault())
        .forEach(label -> rules.add(label.rule().rule()));
    rules.addAll(indexes(session, graphOid));
    rules.addAll(constraints(session, graphOid));
    return new StoreSchema(rules);
  }

  /** Whether a replay keeps the graph in step with another: then it has made indexes of its own. */
  static boolean follows(AgeSession session, long graphOid) {
    return session.one(
        "SELECT EXISTS (SELECT FROM ag_catalog.ag_label l"
            + " JOIN pg_index x ON x.indrelid = l.relation"
            + " JOIN pg_class i ON i.oid = x.indexrelid"
            + " WHERE l.graph::int8 = ? AND i.relname LIKE ?)",
        row -> row.getBoolean(1),
        graphOid,
        STANDBY);
  }

  /** Those that no constraint made. */
  private static List<StoreSchema.Rule> indexes(AgeSession session, long graphOid) {
    return session.all(
        "SELECT i.relname, a.amname, l.kind, l.name, pg_get_indexdef(i.oid)"
            + " FROM ag_catalog.ag_label l"
            + " JOIN pg_index x ON x.indrelid = l.relation"
            + " JOIN pg_class i ON i.oid = x.indexrelid"
            + " JOIN pg_am a ON a.oid = i.relam"
            + " WHERE l.graph::int8 = ? AND x.indisvalid"
            + " AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.oid"
            + " AND c.conrelid = l.relation)"
            // since 1.7 AGE makes these with every graph
            + " AND i.relname NOT IN ('_ag_label_edge_start_id_idx', '_ag_label_edge_end_id_idx')"
            + " AND i.relname NOT LIKE ?"
            + " ORDER BY 1",
        row ->
            new StoreSchema.Rule(
                row.getString(1),
                StoreSchema.Form.INDEX,
                row.getString(2).toUpperCase(Locale.ROOT),
                ElementKind.ofCode(row.getString(3).charAt(0)),
                List.of(row.getString(4)),
                List.of(),
                Optional.of(row.getString(5))),
        graphOid,
        STANDBY);
  }

  private static List<StoreSchema.Rule> constraints(AgeSession session, long graphOid) {
    return session.all(
        "SELECT c.conname, c.contype, l.kind, l.name, n.nspname, t.relname,"
            + " pg_get_constraintdef(c.oid)"
            + " FROM ag_catalog.ag_label l"
            + " JOIN pg_constraint c ON c.conrelid = l.relation"
            + " JOIN pg_class t ON t.oid = l.relation"
            + " JOIN pg_namespace n ON n.oid = t.relnamespace"
            + " WHERE l.graph::int8 = ? AND c.contype IN ('c', 'u', 'p', 'x', 'f')"
            + " AND c.coninhcount = 0"
            + " AND NOT (c.contype = 'p' AND l.name IN ('_ag_label_vertex', '_ag_label_edge'))"
            + " ORDER BY 4, 1",
        row ->
            new StoreSchema.Rule(
                row.getString(4) + "." + row.getString(1),
                StoreSchema.Form.CONSTRAINT,
                type(row.getString(2)),
                ElementKind.ofCode(row.getString(3).charAt(0)),
                List.of(row.getString(4)),
                List.of(),
                Optional.of(
                    "ALTER TABLE "
                        + Sql.name(row.getString(5), row.getString(6))
                        + " ADD CONSTRAINT "
                        + Sql.name(row.getString(1))
                        + " "
                        + row.getString(7))),
        graphOid);
  }

  private static String type(String code) {
    return switch (code) {
      case "c" -> "CHECK";
      case "u" -> "UNIQUE";
      case "p" -> "PRIMARY KEY";
      case "x" -> "EXCLUDE";
      default -> "FOREIGN KEY";
    };
  }

  /** The same for the same schema, and in all likelihood another one for each other. */
  static String digest(StoreSchema schema) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256")
              .digest(schema.toString().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, DIGEST_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
