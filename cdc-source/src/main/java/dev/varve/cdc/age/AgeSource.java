package dev.varve.cdc.age;

import dev.varve.cdc.CaptureSource;
import dev.varve.cdc.StoreLog;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A graph of Apache AGE to capture. */
public final class AgeSource implements CaptureSource {

  private static final Logger LOG = LoggerFactory.getLogger(AgeSource.class);
  private static final String SLOT = "slot";

  private final AgeReading reading;

  private AgeSource(AgeReading reading) {
    this.reading = reading;
  }

  public static AgeSource of(AgeSettings settings) {
    return new AgeSource(AgeReading.of(settings));
  }

  /** The same graph, read in smaller or larger pieces. */
  public AgeSource withRowBytes(int bytes) {
    return new AgeSource(reading.withRowBytes(bytes));
  }

  /** The same graph, with so much of one transaction on the heap at most. */
  public AgeSource withTransactionBytes(int bytes) {
    return new AgeSource(reading.withTransactionBytes(bytes));
  }

  @Override
  public String connectorClass() {
    return AgeConnector.class.getName();
  }

  @Override
  public Map<String, String> connectorSettings() {
    return reading.toMap();
  }

  /**
   * A lost slot is for the start to decide about, which may begin anew; all else has to be right.
   */
  @Override
  public String check() {
    try (Connection connection = reading.settings().connect()) {
      for (AgeFinding finding : AgeCheck.of(connection, reading.settings())) {
        if (finding.level() == AgeFinding.Level.BLOCKING && !finding.what().equals(SLOT)) {
          throw finding.failure();
        }
        if (finding.level() != AgeFinding.Level.OK) {
          LOG.warn("{}: {}. HINT: {}", finding.what(), finding.text(), finding.hint());
        }
      }
    } catch (SQLException e) {
      throw AgeErrors.of(e, reading.settings());
    }
    try (StoreLog log = open()) {
      return log.identity();
    }
  }

  @Override
  public StoreLog open() {
    return AgeLog.looking(reading);
  }

  @Override
  public String toString() {
    return reading.settings().toString();
  }
}
