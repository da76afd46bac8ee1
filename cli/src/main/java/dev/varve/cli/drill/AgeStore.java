package dev.varve.cli.drill;

import dev.varve.cdc.age.AgeSettings;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.TargetUri;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Properties;

/**
 * A graph of Apache AGE in a PostgreSQL database.
 *
 * @param uri with the user; the driver's own default if absent
 */
public record AgeStore(TargetUri.Age uri, Optional<String> password) implements Store {

  private static final String CONNECT_WITHIN_S = "2";
  private static final String LOGIN_WITHIN_S = "10";
  private static final String SOURCE = "postgresql://";

  /** The graph that is captured; its user has to be one who may write. */
  public static AgeStore of(AgeSettings source) {
    return new AgeStore(
        new TargetUri.Age(
            source.host(),
            OptionalInt.of(source.port()),
            source.user(),
            URLDecoder.decode(source.database().replace("+", "%2B"), StandardCharsets.UTF_8),
            source.graph(),
            source.parameters()),
        source.password());
  }

  @Override
  public String address() {
    return uri.toString();
  }

  /** It may be an address of {@code source.uri}, which does not say the graph, too. */
  @Override
  public AgeStore at(String other) {
    TargetUri.Age found = other.startsWith(SOURCE) ? source(other) : target(other);
    Map<String, String> tls = found.tls().isEmpty() ? uri.tls() : found.tls();
    return new AgeStore(
        new TargetUri.Age(
            found.host(),
            found.port(),
            found.user().or(uri::user),
            found.database(),
            found.graph(),
            tls),
        password);
  }

  private TargetUri.Age source(String address) {
    try {
      return of(AgeSettings.of(address, uri.user(), password, uri.graph())).uri();
    } catch (IllegalArgumentException e) {
      throw none(address);
    }
  }

  private TargetUri.Age target(String address) {
    if (TargetUri.parse(address) instanceof TargetUri.Age age) {
      return age;
    }
    throw none(address);
  }

  private VarveException none(String address) {
    return new VarveException(
        ExitCode.FAILED,
        "the announced primary " + address + " is no graph in PostgreSQL, as " + this + " is",
        "have the announcement corrected");
  }

  @Override
  public String hint() {
    return "see that the server runs and has the graph, and that user and password are right;"
        + " 'varve doctor' tells it of the graph in source.uri";
  }

  @Override
  public String removal(Handwriting names) {
    return SqlHand.removal(uri.graph(), names);
  }

  @Override
  public AgeLink connect() {
    return new AgeLink(this);
  }

  /**
   * Opens a connection in which nothing is committed by itself.
   *
   * @throws SQLException if it cannot be had soon
   */
  Connection open() throws SQLException {
    Properties properties = new Properties();
    uri.tls().forEach(properties::setProperty);
    uri.user().ifPresent(user -> properties.setProperty("user", user));
    password.ifPresent(secret -> properties.setProperty("password", secret));
    properties.setProperty("ApplicationName", "varve drill");
    properties.setProperty("connectTimeout", CONNECT_WITHIN_S);
    properties.setProperty("loginTimeout", LOGIN_WITHIN_S);
    Connection connection = DriverManager.getConnection(uri.jdbcUrl(), properties);
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET search_path = ag_catalog, \"$user\", public"); // for its operators
      connection.setAutoCommit(false);
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
    return connection;
  }

  @Override
  public String toString() {
    return address();
  }
}
