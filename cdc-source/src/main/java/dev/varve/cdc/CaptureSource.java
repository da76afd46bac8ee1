package dev.varve.cdc;

import java.util.Map;

/**
 * A store that capture can be pointed at.
 *
 * <p>What it names is a Kafka Connect source connector whose task emits records that are final:
 * topic, partition, key and value as they will stand in Kafka. A store whose log Varve reads itself
 * gives a {@link StoreLog} to {@link dev.varve.cdc.connector.LogConnectorTask} and is done. One
 * that has a connector of Debezium's own gives a task around that connector's, which turns its
 * events into such records.
 */
public interface CaptureSource {

  /** The class of the connector. */
  String connectorClass();

  /** The connector's settings for this store; the rest is set by capture. */
  Map<String, String> connectorSettings();

  /**
   * Sees whether the store can be captured as it is.
   *
   * @return its identity, as {@link StoreLog#identity} has it
   * @throws StoreUnavailableException if it cannot be reached
   * @throws dev.varve.fault.VarveException if an operator has to do something first
   */
  String check();

  /**
   * Opens its log, to look at it beside or after capture; the caller closes it.
   *
   * @throws StoreUnavailableException if it cannot be reached
   */
  StoreLog open();
}
