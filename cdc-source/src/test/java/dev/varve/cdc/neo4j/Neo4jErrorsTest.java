package dev.varve.cdc.neo4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.cdc.LogGapException;
import dev.varve.cdc.StoreUnavailableException;
import dev.varve.fault.VarveException;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.neo4j.driver.exceptions.ClientException;
import org.neo4j.driver.exceptions.Neo4jException;
import org.neo4j.driver.exceptions.ServiceUnavailableException;
import org.neo4j.driver.exceptions.TransientException;

/** Errors that a server gives in states that the embedded one cannot be put into. */
final class Neo4jErrorsTest {

  private static final Neo4jSettings SETTINGS =
      new Neo4jSettings(
          "bolt://here", Optional.of("eve"), Optional.of("secret"), "neo4j", "auto", 1);

  @Test
  void pluginThatMayNotReachTheLog() {
    VarveException error =
        varve(
            new ClientException(
                "Neo.ClientError.Procedure.ProcedureRegistrationFailed",
                "varve.cdc.status is unavailable because it is sandboxed and has dependencies"
                    + " outside of the sandbox."));
    assertThat(error.hint()).contains("dbms.security.procedures.unrestricted=varve.*");
  }

  @Test
  void prunedLog() {
    RuntimeException error =
        Neo4jErrors.of(
            plugin("VARVE-LOG-PRUNED: Transactions from 5 on are gone. HINT: Scan anew."),
            SETTINGS);
    assertThat(error)
        .isInstanceOfSatisfying(
            LogGapException.class,
            gap -> assertThat(gap.reason()).isEqualTo(LogGapException.Reason.PRUNED))
        .hasMessage("VARVE-LOG-PRUNED: Transactions from 5 on are gone.");
  }

  @Test
  void otherStore() {
    assertThat(Neo4jErrors.of(plugin("VARVE-OTHER-STORE: It is another. HINT: Look."), SETTINGS))
        .isInstanceOfSatisfying(
            LogGapException.class,
            gap -> assertThat(gap.reason()).isEqualTo(LogGapException.Reason.OTHER_STORE));
  }

  @Test
  void otherErrorsOfThePluginKeepTheirHint() {
    VarveException error = varve(plugin("VARVE-ENRICHMENT-OFF: It is OFF. HINT: Switch it on."));
    assertThat(error).hasMessage("VARVE-ENRICHMENT-OFF: It is OFF.");
    assertThat(error.hint()).isEqualTo("Switch it on.");
  }

  @Test
  void changeIdentifierThatNeo4jDoesNotKnow() {
    assertThat(
            Neo4jErrors.of(
                new ClientException(
                    "Neo.ClientError.ChangeDataCapture.InvalidIdentifier", "too old"),
                SETTINGS))
        .isInstanceOf(LogGapException.class);
  }

  @Test
  void changeDataCaptureThatIsOff() {
    VarveException error =
        varve(new ClientException("Neo.ClientError.ChangeDataCapture.Disabled", "it is off"));
    assertThat(error.hint()).contains("txLogEnrichment 'FULL'");
  }

  @Test
  void outagesMayPass() {
    assertThat(Neo4jErrors.of(new ServiceUnavailableException("gone"), SETTINGS))
        .isInstanceOf(StoreUnavailableException.class);
    assertThat(
            Neo4jErrors.of(
                new TransientException("Neo.TransientError.General.DatabaseUnavailable", "later"),
                SETTINGS))
        .isInstanceOf(StoreUnavailableException.class);
  }

  @Test
  void passwordIsNeverSaid() {
    assertThat(SETTINGS.toString()).doesNotContain("secret");
    assertThat(varve(new ClientException("Neo.ClientError.Some.Thing", "x")).getMessage())
        .doesNotContain("secret");
  }

  private static Neo4jException plugin(String message) {
    return new ClientException("Neo.ClientError.Procedure.ProcedureCallFailed", message);
  }

  private static VarveException varve(Neo4jException error) {
    RuntimeException ours = Neo4jErrors.of(error, SETTINGS);
    assertThat(ours).isInstanceOf(VarveException.class);
    return (VarveException) ours;
  }
}
