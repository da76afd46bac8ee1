package dev.varve.cdc.neo4j;

import dev.varve.cdc.LogGapException;
import dev.varve.cdc.StoreUnavailableException;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.neo4j.driver.exceptions.AuthenticationException;
import org.neo4j.driver.exceptions.Neo4jException;
import org.neo4j.driver.exceptions.SecurityException;
import org.neo4j.driver.exceptions.ServiceUnavailableException;
import org.neo4j.driver.exceptions.SessionExpiredException;
import org.neo4j.driver.exceptions.TransientException;

/** What an error of the driver or the server means for an operator. */
final class Neo4jErrors {

  /** The plugin's errors: a stable code, what happened, and a hint. */
  private static final Pattern PLUGIN_ERROR =
      Pattern.compile("(VARVE-[A-Z-]+): (.*?)(?: HINT: (.*))?$", Pattern.DOTALL);

  private static final String CHANGE_DATA_CAPTURE = "ChangeDataCapture.";

  private Neo4jErrors() {}

  static RuntimeException of(Neo4jException e, Neo4jSettings settings) {
    Optional<RuntimeException> plugin = ofPlugin(e);
    if (plugin.isPresent()) {
      return plugin.get();
    }
    String code = String.valueOf(e.code());
    String message = String.valueOf(e.getMessage());
    if (e instanceof AuthenticationException) {
      return new VarveException(
          ExitCode.FAILED,
          "Neo4j at "
              + settings.uri()
              + " refuses "
              + settings
                  .user()
                  .map(user -> "the user '" + user + "'")
                  .orElse("a login without user")
              + ": "
              + message,
          "check source.user and source.passwordFile",
          e);
    }
    if (code.endsWith("Procedure.ProcedureNotFound")) {
      return noProcedures(settings);
    }
    if (code.endsWith("Procedure.ProcedureRegistrationFailed") || message.contains("sandboxed")) {
      return new VarveException(
          ExitCode.FAILED,
          "Varve's plugin is there but Neo4j does not let it reach the log: " + message,
          "set dbms.security.procedures.unrestricted=varve.* in neo4j.conf and restart the server",
          e);
    }
    if (code.endsWith("Database.DatabaseNotFound")) {
      return new VarveException(
          ExitCode.FAILED,
          "Neo4j at " + settings.uri() + " has no database '" + settings.database() + "'",
          "check source.database; SHOW DATABASES lists what there is",
          e);
    }
    if (message.contains("can only be executed in a user database")) {
      return new VarveException(
          ExitCode.FAILED,
          "'" + settings.database() + "' is not a user database, its log has no changes to read",
          "name the database that holds the graph in source.database",
          e);
    }
    if (code.contains(CHANGE_DATA_CAPTURE)) {
      return ofChangeDataCapture(code, message, settings, e);
    }
    if (e instanceof SecurityException) {
      return new VarveException(
          ExitCode.FAILED,
          "Neo4j at " + settings.uri() + " does not allow it: " + message,
          "let the user execute the procedures and read everything: GRANT EXECUTE PROCEDURE"
              + " varve.cdc.* (or db.cdc.*) ON DBMS, GRANT MATCH {*} ON GRAPH",
          e);
    }
    if (isOutage(e, code)) {
      return new StoreUnavailableException(
          "Neo4j at " + settings.uri() + " cannot be reached: " + message, e);
    }
    return new VarveException(
        ExitCode.FAILED,
        "Neo4j at " + settings.uri() + " answered " + code + ": " + message,
        "see the server's logs (debug.log); what was captured is safe",
        e);
  }

  static VarveException noProcedures(Neo4jSettings settings) {
    return new VarveException(
        ExitCode.FAILED,
        "Neo4j at "
            + settings.uri()
            + " offers neither Varve's procedures (varve.cdc.*) nor change data capture (db.cdc.*)",
        "on Community put Varve's plugin jar into the server's plugins/ directory, set"
            + " dbms.security.procedures.unrestricted=varve.* and restart; on Enterprise and Aura"
            + " switch change data capture on (txLogEnrichment 'FULL')");
  }

  private static Optional<RuntimeException> ofPlugin(Neo4jException e) {
    Matcher found = PLUGIN_ERROR.matcher(String.valueOf(e.getMessage()));
    if (!found.find()) {
      return Optional.empty();
    }
    String message = found.group(1) + ": " + found.group(2);
    return Optional.of(
        switch (found.group(1)) {
          case "VARVE-LOG-PRUNED" -> new LogGapException(LogGapException.Reason.PRUNED, message, e);
          case "VARVE-UNENRICHED-TRANSACTION", "VARVE-LOG-BROKEN" ->
              new LogGapException(LogGapException.Reason.UNREADABLE, message, e);
          case "VARVE-OTHER-STORE" ->
              new LogGapException(LogGapException.Reason.OTHER_STORE, message, e);
          default ->
              new VarveException(
                  ExitCode.FAILED,
                  message,
                  Optional.ofNullable(found.group(3)).orElse("see docs/neo4j.md"),
                  e);
        });
  }

  private static RuntimeException ofChangeDataCapture(
      String code, String message, Neo4jSettings settings, Neo4jException e) {
    if (code.endsWith("InvalidIdentifier") || code.endsWith("FutureIdentifier")) {
      return new LogGapException(
          code.endsWith("FutureIdentifier")
              ? LogGapException.Reason.OTHER_STORE
              : LogGapException.Reason.PRUNED,
          "Neo4j does not know the place in its log where capture stands: " + message,
          e);
    }
    if (code.endsWith("Disabled")) {
      return new VarveException(
          ExitCode.FAILED,
          "change data capture is off for the database '" + settings.database() + "'",
          "ALTER DATABASE " + settings.database() + " SET OPTION txLogEnrichment 'FULL'",
          e);
    }
    return new VarveException(
        ExitCode.FAILED,
        "Neo4j's change data capture failed: " + code + ": " + message,
        "see the server's logs (debug.log); what was captured is safe",
        e);
  }

  /** Whether it may work later, without anybody changing anything. */
  private static boolean isOutage(Neo4jException e, String code) {
    return e instanceof ServiceUnavailableException
        || e instanceof SessionExpiredException
        || e instanceof TransientException
        || e.getClass().getSimpleName().equals("ConnectionReadTimeoutException")
        || code.endsWith("Database.DatabaseUnavailable")
        || code.startsWith("Neo.TransientError")
        || code.endsWith("Transaction.TransactionTerminated")
        || code.endsWith("General.DatabaseUnavailable")
        || code.startsWith("Neo.DatabaseError"); // such as while the server is going down
  }
}
