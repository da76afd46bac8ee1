package dev.varve.cdc.age;

import dev.varve.cdc.LogGapException;
import dev.varve.cdc.LogInUseException;
import dev.varve.cdc.StoreUnavailableException;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What an error of the driver, the server or Debezium's connector means for an operator. */
final class AgeErrors {

  private static final String IN_USE = "55006";
  private static final String NOT_IN_STATE = "55000";
  private static final String LIMIT = "53400"; // such as max_replication_slots
  private static final String NO_OBJECT = "42704";
  private static final String NO_PRIVILEGE = "42501";
  private static final String NO_DATABASE = "3D000";
  private static final int CAUSES_MAX = 20;

  private AgeErrors() {}

  static RuntimeException of(SQLException e, AgeSettings settings) {
    String state = String.valueOf(e.getSQLState());
    String message = String.valueOf(e.getMessage());
    String where = "PostgreSQL at " + settings;
    if (state.startsWith("28") || state.equals(NO_DATABASE) || state.equals(NO_PRIVILEGE)) {
      return settings.refused(e);
    }
    if (state.equals(IN_USE)) {
      return new LogInUseException(
          "the replication slot '" + settings.slot() + "' is in use: " + message, e);
    }
    if (isOutage(state, e)) {
      return new StoreUnavailableException(where + " cannot be reached: " + message, e);
    }
    if (isLost(state, message)) {
      return lost(settings, message, e);
    }
    if (state.equals(NO_OBJECT) && message.contains("publication")) {
      return new LogGapException(
          LogGapException.Reason.UNREADABLE,
          "the log of " + settings + " cannot be read: " + message,
          e);
    }
    return new VarveException(
        ExitCode.FAILED,
        where + " answered " + state + ": " + message,
        "see the server's log; what was captured is safe",
        e);
  }

  /** An error from inside Debezium's connector. */
  static RuntimeException ofStream(Throwable e, AgeSettings settings) {
    Optional<SQLException> sql = cause(e, SQLException.class);
    if (sql.isPresent()) {
      return of(sql.get(), settings);
    }
    if (e instanceof VarveException || e instanceof StoreUnavailableException) {
      return (RuntimeException) e;
    }
    String message = messages(e);
    if (cause(e, IOException.class).isPresent() || message.contains("connection")) {
      return new StoreUnavailableException(
          "PostgreSQL at " + settings + " cannot be reached: " + message, e);
    }
    if (message.contains("has been removed from the database write-ahead log")) {
      return lost(settings, message, e);
    }
    return new VarveException(
        ExitCode.FAILED,
        "the log of " + settings + " cannot be read: " + message,
        "see the server's log, and varve doctor; what was captured is safe",
        e);
  }

  static LogGapException lost(AgeSettings settings, String message, @Nullable Throwable cause) {
    return new LogGapException(
        LogGapException.Reason.PRUNED,
        "the replication slot '" + settings.slot() + "' cannot be read on: " + message,
        cause);
  }

  private static boolean isLost(String state, String message) {
    return state.equals(NOT_IN_STATE) && message.contains("replication slot")
        || message.contains("has already been removed")
        || message.contains("replication slot") && message.contains("does not exist");
  }

  /** Whether it may work later, without anybody changing anything. */
  private static boolean isOutage(String state, SQLException e) {
    return state.startsWith("08") // connection
        || state.startsWith("57P") // shutting down, starting up
        || state.startsWith("53")
            && !state.equals(LIMIT) // too many connections, out of memory or disk
        || state.equals("40001")
        || state.equals("40P01")
        || state.equals("57014")
        || state.equals("58030")
        || cause(e, IOException.class).isPresent();
  }

  private static <T extends Throwable> Optional<T> cause(Throwable e, Class<T> type) {
    Throwable cause = e;
    for (int i = 0; i < CAUSES_MAX && cause != null; i++) {
      if (type.isInstance(cause)) {
        return Optional.of(type.cast(cause));
      }
      cause = cause.getCause();
    }
    return Optional.empty();
  }

  private static String messages(Throwable e) {
    StringBuilder text = new StringBuilder();
    Throwable cause = e;
    for (int i = 0; i < CAUSES_MAX && cause != null; i++) {
      text.append(text.isEmpty() ? "" : ": ").append(cause.getMessage());
      cause = cause.getCause();
    }
    return text.toString();
  }
}
