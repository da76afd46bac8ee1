package dev.varve.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MomentTest {

  @Test
  void aRestorePointIsNamed() {
    Moment moment = Moment.parse("mark:before-upgrade");
    assertThat(moment).isEqualTo(new Moment.AtRestorePoint("before-upgrade"));
    assertThat(moment).hasToString("mark:before-upgrade");
  }

  @ParameterizedTest
  @CsvSource({
    "2026-11-22T19:30:00Z, 2026-11-22T19:30:00Z",
    "2026-11-22t19:30:00z, 2026-11-22T19:30:00Z",
    "2026-11-22 20:30:00+01:00, 2026-11-22T19:30:00Z",
    "2026-11-22T19:30:00.123456Z, 2026-11-22T19:30:00.123456Z",
    "2026-11-22T14:00:00-05:30, 2026-11-22T19:30:00Z",
  })
  void timesAreReadAsRfc3339HasThem(String text, String instant) {
    assertThat(Moment.parse(text)).isEqualTo(new Moment.AtTime(Instant.parse(instant)));
  }

  @Test
  void theOtherFormsAreRead() {
    assertThat(Moment.parse("latest")).isEqualTo(new Moment.Latest());
    assertThat(Moment.parse("tx:neo4j@1/17"))
        .isEqualTo(new Moment.AtTransaction(Site.parse("neo4j@1"), 17));
    assertThat(Moment.parse("vv:a@1=3,b@2=4"))
        .isEqualTo(new Moment.AtVector(VersionVector.parse("a@1=3,b@2=4")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"latest", "2026-11-22T19:30:00Z", "tx:neo4j@1/17", "vv:a@1=3,b@2=4"})
  void theTextOfAMomentIsReadAgain(String text) {
    assertThat(Moment.parse(text)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "now",
        "Latest",
        "2026-11-22",
        "2026-11-22T19:30:00",
        "2026-13-22T19:30:00Z",
        "tx:17",
        "tx:neo4j/17",
        "tx:neo4j@1/",
        "tx:neo4j@1/-4",
        "vv:",
        "vv:a@1",
        "mark:",
      })
  void whatIsNoneOfTheseIsAUsageError(String text) {
    assertThatThrownBy(() -> Moment.parse(text))
        .isInstanceOfSatisfying(
            VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE))
        .hasMessageContaining("'" + text + "'");
  }
}
