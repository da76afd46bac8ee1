package dev.varve.cdc.neo4j;

import io.debezium.config.Configuration;
import io.debezium.config.Field;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.config.ConfigDef;

/**
 * How to reach one Neo4j database.
 *
 * @param uri {@code bolt://}, {@code neo4j://} and their {@code +s} and {@code +ssc} forms
 * @param user absent if the server asks for none
 * @param database the database's name
 * @param procedures {@code auto}, or the prefix of the procedures to read with: {@code varve.cdc}
 *     (the plugin's batches), {@code db.cdc} (Neo4j's own), {@code varve.cdc.query} (the plugin's
 *     events in Neo4j's form)
 * @param rowBytes about how large a piece of the log is read at once
 */
record Neo4jSettings(
    String uri,
    Optional<String> user,
    Optional<String> password,
    String database,
    String procedures,
    int rowBytes) {

  static final String AUTO = "auto";
  static final String DEFAULT_DATABASE = "neo4j";
  static final int DEFAULT_ROW_BYTES = 1 << 20;

  static final Field URI =
      Field.create("neo4j.uri")
          .withType(ConfigDef.Type.STRING)
          .withImportance(ConfigDef.Importance.HIGH)
          .withDescription("The server's address: bolt://host:7687")
          .required();
  static final Field USER =
      Field.create("neo4j.user")
          .withType(ConfigDef.Type.STRING)
          .withImportance(ConfigDef.Importance.HIGH)
          .withDescription("The user; none if the server asks for none.");
  static final Field PASSWORD =
      Field.create("neo4j.password")
          .withType(ConfigDef.Type.PASSWORD)
          .withImportance(ConfigDef.Importance.HIGH)
          .withDescription("The user's password.");
  static final Field DATABASE =
      Field.create("neo4j.database")
          .withType(ConfigDef.Type.STRING)
          .withImportance(ConfigDef.Importance.HIGH)
          .withDefault(DEFAULT_DATABASE)
          .withDescription("The database's name.");
  static final Field PROCEDURES =
      Field.create("neo4j.cdc.procedures")
          .withType(ConfigDef.Type.STRING)
          .withImportance(ConfigDef.Importance.LOW)
          .withDefault(AUTO)
          .withDescription(
              "'auto', or the prefix of the procedures to read the log with: varve.cdc or db.cdc");
  static final Field ROW_BYTES =
      Field.create("neo4j.row.bytes")
          .withType(ConfigDef.Type.INT)
          .withImportance(ConfigDef.Importance.LOW)
          .withDefault(DEFAULT_ROW_BYTES)
          .withValidation(Field::isPositiveInteger)
          .withDescription("About how large a piece of the log is read at once.");

  static final Field.Set FIELDS = Field.setOf(URI, USER, PASSWORD, DATABASE, PROCEDURES, ROW_BYTES);

  static Neo4jSettings of(Configuration config) {
    return new Neo4jSettings(
        config.getString(URI),
        Optional.ofNullable(config.getString(USER)),
        Optional.ofNullable(config.getString(PASSWORD)),
        config.getString(DATABASE),
        config.getString(PROCEDURES),
        config.getInteger(ROW_BYTES));
  }

  Map<String, String> toMap() {
    Map<String, String> map = new HashMap<>();
    map.put(URI.name(), uri);
    user.ifPresent(value -> map.put(USER.name(), value));
    password.ifPresent(value -> map.put(PASSWORD.name(), value));
    map.put(DATABASE.name(), database);
    map.put(PROCEDURES.name(), procedures);
    map.put(ROW_BYTES.name(), Integer.toString(rowBytes));
    return map;
  }

  /** Without the password. */
  @Override
  public String toString() {
    return "Neo4jSettings["
        + uri
        + ", "
        + database
        + user.map(name -> ", " + name).orElse("")
        + "]";
  }
}
