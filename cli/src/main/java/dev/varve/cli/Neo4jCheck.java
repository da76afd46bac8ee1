package dev.varve.cli;

import dev.varve.cli.config.Config;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.neo4j.driver.exceptions.AuthenticationException;
import org.neo4j.driver.exceptions.ClientException;
import org.neo4j.driver.exceptions.Neo4jException;

/**
 * Looks at a Neo4j source: reachable, logged in, plugin present and permitted, log kept long
 * enough.
 */
final class Neo4jCheck {

  private static final Pattern DAYS = Pattern.compile("(\\d+)\\s*(days|hours)\\b.*");
  private static final int HOURS_WANTED = 24;

  private Neo4jCheck() {}

  static List<Finding> of(Config.Neo4j source) {
    List<Finding> findings = new ArrayList<>();
    try (StoreLink link = StoreLink.to(source)) {
      if (login(link, source, findings)) {
        plugin(link, findings);
      }
    } catch (IllegalArgumentException e) {
      findings.add(Finding.problem("store", String.valueOf(e.getMessage()), "correct source.uri"));
    }
    return findings;
  }

  private static boolean login(StoreLink link, Config.Neo4j source, List<Finding> findings) {
    try {
      link.check();
      findings.add(Finding.ok("store", source + " answers"));
      findings.add(
          Finding.ok("login", source.user().map(u -> "as user " + u).orElse("none is asked for")));
      return true;
    } catch (AuthenticationException e) {
      findings.add(Finding.ok("store", source + " answers"));
      findings.add(
          Finding.problem(
              "login",
              "refused for user " + source.user().orElse("(none)") + ": " + e.getMessage(),
              "correct source.user, and the password in source.passwordFile or"
                  + " VARVE_SOURCE_PASSWORD"));
    } catch (ClientException e) {
      findings.add(
          Finding.problem(
              "store",
              source + ": " + e.getMessage(),
              "correct source.database; SHOW DATABASES lists those there are"));
    } catch (Neo4jException e) {
      findings.add(
          Finding.problem(
              "store",
              "cannot reach " + source + ": " + e.getMessage(),
              "start the server, or correct source.uri; Bolt listens on port 7687 by default"));
    }
    return false;
  }

  private static void plugin(StoreLink link, List<Finding> findings) {
    StoreLink.Status status;
    try {
      status = link.status();
    } catch (Neo4jException e) {
      findings.add(pluginProblem(e));
      return;
    }
    findings.add(
        Finding.ok(
            "plugin", "varve " + status.pluginVersion() + " in Neo4j " + status.neo4jVersion()));
    findings.add(
        status.enrichment().equals("FULL")
            ? Finding.ok("enrichment", "the log carries every change in full")
            : Finding.problem(
                "enrichment",
                "the log does not carry changes in full (" + status.enrichment() + ")",
                "restart the server with the plugin's jar in its plugins directory"));
    findings.add(retention(status.retentionPolicy()));
    status
        .problems()
        .forEach(
            problem -> {
              String[] parts = problem.split("HINT: ", 2);
              findings.add(
                  Finding.problem(
                      "plugin",
                      parts[0].strip(),
                      parts.length == 2 ? parts[1] : "see the server's log"));
            });
  }

  private static Finding pluginProblem(Neo4jException e) {
    String message = String.valueOf(e.getMessage());
    String lower = message.toLowerCase(Locale.ROOT);
    if (e.code().endsWith("ProcedureNotFound")) {
      return Finding.problem(
          "plugin",
          "the store has no procedure varve.cdc.status",
          "copy plugins/varve-neo4j-plugin-*.jar into the server's plugins directory, set"
              + " dbms.security.procedures.unrestricted=varve.* and restart it");
    }
    if (lower.contains("unrestricted")
        || lower.contains("sandbox")
        || lower.contains("permission")) {
      return Finding.problem(
          "plugin",
          "the procedures are not permitted: " + message,
          "set dbms.security.procedures.unrestricted=varve.* (and add varve.* to"
              + " dbms.security.procedures.allowlist, if that is set), and restart the server");
    }
    return Finding.problem("plugin", message, "see the server's log");
  }

  /** The log has to outlast the longest outage of capture. */
  private static Finding retention(String policy) {
    Matcher matcher = DAYS.matcher(policy.strip());
    if (policy.startsWith("keep_all") || policy.equals("true")) {
      return Finding.ok("log retention", policy);
    }
    if (matcher.matches()) {
      long hours = Long.parseLong(matcher.group(1)) * (matcher.group(2).equals("days") ? 24 : 1);
      if (hours >= HOURS_WANTED) {
        return Finding.ok("log retention", policy + ": capture may be down for so long");
      }
    }
    return Finding.problem(
        "log retention",
        policy + " does not promise that the log outlasts a day's outage of capture",
        "set db.tx_log.rotation.retention_policy=7 days");
  }
}
