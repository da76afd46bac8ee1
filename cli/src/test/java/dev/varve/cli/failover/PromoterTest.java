package dev.varve.cli.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.archive.DirectoryRepository;
import dev.varve.cdc.CaptureSource;
import dev.varve.cdc.CaptureState;
import dev.varve.cdc.StoreUnavailableException;
import dev.varve.change.VersionVector;
import dev.varve.cli.config.Config;
import dev.varve.cli.pipeline.Sources;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.TargetUri;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A promotion while the standby is not there; nothing else is there either. */
class PromoterTest {

  private static final String NOWHERE = "127.0.0.1:1";

  @TempDir private Path directory;

  @Test
  void standbyThatIsStartedAgainIsWaitedFor() throws IOException {
    Away standby = new Away(2);
    assertThatThrownBy(() -> promoter(standby, Duration.ofSeconds(30)).run())
        .as("the next that has to be asked")
        .isInstanceOf(VarveException.class)
        .hasMessageContaining("Kafka does not say");
    assertThat(standby.asked).isEqualTo(3);
  }

  @Test
  void standbyThatStaysAwayIsSaid() throws IOException {
    Away standby = new Away(Integer.MAX_VALUE);
    assertThatThrownBy(() -> promoter(standby, Duration.ofMillis(300)).run())
        .isInstanceOfSatisfying(
            VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.FAILED))
        .hasMessageContainingAll("the standby does not answer", "nothing was done");
  }

  private Promoter promoter(Seat seat, Duration drainFor) throws IOException {
    CaptureSource old = Sources.of(TargetUri.parse("bolt://" + NOWHERE), Optional.empty());
    return new Promoter(
        new Promoter.Setting(
            "orders",
            "neo4j",
            false,
            false,
            Map.of(
                "bootstrap.servers",
                NOWHERE,
                "default.api.timeout.ms",
                "1000",
                "request.timeout.ms",
                "500"),
            new Config.Promote(
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                drainFor,
                Duration.ofSeconds(1)),
            Optional.empty()),
        seat,
        old,
        new SetAside(
            new DirectoryRepository(directory), "orders", directory, "test", Clock.systemUTC()),
        () -> false,
        Clock.systemUTC());
  }

  /** Does not answer the first times that it is asked. */
  private static final class Away implements Seat {
    private final int times;
    private int asked;

    Away(int times) {
      this.times = times;
    }

    @Override
    public String address() {
      return "bolt://" + NOWHERE;
    }

    @Override
    public String identity() {
      if (asked++ < times) {
        throw new StoreUnavailableException("connection refused", new IOException());
      }
      return "neo4j:standby";
    }

    @Override
    public Optional<VersionVector> cut() {
      return Optional.of(VersionVector.EMPTY);
    }

    @Override
    public VersionVector applyUpTo(VersionVector wanted, Duration limit) {
      throw new AssertionError("not so far");
    }

    @Override
    public void whole() {
      throw new AssertionError("not so far");
    }

    @Override
    public void tidy(Optional<CaptureState> captured) {
      throw new AssertionError("not so far");
    }
  }
}
