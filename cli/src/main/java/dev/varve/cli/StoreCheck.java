package dev.varve.cli;

import dev.varve.cdc.age.AgeCheck;
import dev.varve.cdc.age.AgeFinding;
import dev.varve.cli.config.Config;
import dev.varve.fault.VarveException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Looks at the source, whatever it is. */
final class StoreCheck {

  private StoreCheck() {}

  static List<Finding> of(Config.Source source) {
    return source instanceof Config.Age age ? of(age) : Neo4jCheck.of((Config.Neo4j) source);
  }

  private static List<Finding> of(Config.Age source) {
    List<Finding> findings = new ArrayList<>();
    try (Connection connection = source.settings().connect()) {
      findings.add(
          Finding.ok(
              "store", source + " answers" + source.user().map(u -> " role " + u).orElse("")));
      for (AgeFinding finding :
          AgeCheck.of(connection, source.settings(), source.heldBackLimitBytes())) {
        findings.add(
            finding.level() == AgeFinding.Level.OK
                ? Finding.ok(finding.what(), finding.text())
                : Finding.problem(finding.what(), finding.text(), finding.hint()));
      }
    } catch (SQLException e) {
      VarveException refused = source.settings().refused(e);
      findings.add(Finding.problem("store", String.valueOf(refused.getMessage()), refused.hint()));
    }
    return findings;
  }
}
