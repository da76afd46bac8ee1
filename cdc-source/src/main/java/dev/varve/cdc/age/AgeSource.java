package dev.varve.cdc.age;

import dev.varve.cdc.CaptureSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A graph of Apache AGE to capture. */
public final class AgeSource implements CaptureSource {

  private static final Logger LOG = LoggerFactory.getLogger(AgeSource.class);

  private final AgeSettings settings;

  private AgeSource(AgeSettings settings) {
    this.settings = settings;
  }

  /**
   * A graph.
   *
   * @param uri its database: {@code postgresql://host:port/database}
   * @param graph its name in AGE
   * @throws IllegalArgumentException if the URI is not of this form
   */
  public static AgeSource of(
      String uri, Optional<String> user, Optional<String> password, String graph) {
    return new AgeSource(AgeSettings.of(uri, user, password, graph));
  }

  /** The same graph, read in smaller or larger pieces. */
  public AgeSource withRowBytes(int bytes) {
    return new AgeSource(settings.withRowBytes(bytes));
  }

  /** The same graph, with so much of one transaction on the heap at most. */
  public AgeSource withTransactionBytes(int bytes) {
    return new AgeSource(settings.withTransactionBytes(bytes));
  }

  /** The same graph, not captured if the server holds back more of its log than this. */
  public AgeSource withHeldBytesMax(long bytes) {
    return new AgeSource(settings.withHeldBytesMax(bytes));
  }

  @Override
  public String connectorClass() {
    return AgeConnector.class.getName();
  }

  @Override
  public Map<String, String> connectorSettings() {
    return settings.toMap();
  }

  /** A slot that has lost its log is for the start to decide about; all else has to be right. */
  @Override
  public void check() {
    for (AgeFinding finding : findings()) {
      if (finding.ok()) {
        continue;
      }
      if (finding.about().equals("slot") && settings.heldBytesMax() == 0) {
        LOG.warn("{}. HINT: {}", finding.message(), finding.hint());
        continue;
      }
      throw finding.error();
    }
  }

  /** Everything that capture rests on, as it is now. */
  public List<AgeFinding> findings() {
    try (AgeSession session = AgeSession.open(settings)) {
      return AgeCheck.of(session);
    }
  }

  /** How the replication slot is. */
  public AgeSlotStatus slotStatus() {
    try (AgeSession session = AgeSession.open(settings)) {
      return AgeSlotStatus.of(session, session.store().version());
    }
  }

  /** What {@link #forget} drops. */
  public List<String> leftovers() {
    return List.of("replication slot " + settings.slot(), "publication " + settings.publication());
  }

  /**
   * Drops the slot and the publication. The graph cannot be captured on from where it was: only a
   * new incarnation, set up afresh, goes on.
   */
  public void forget() {
    try (AgeSession session = AgeSession.open(settings)) {
      AgeSetup.forget(session);
    }
  }

  @Override
  public String toString() {
    return settings.toString();
  }
}
