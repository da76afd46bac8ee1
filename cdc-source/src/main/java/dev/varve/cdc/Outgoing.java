package dev.varve.cdc;

/**
 * A Kafka record as it will stand in its topic.
 *
 * @param timestampMs when it was committed; the broker keeps its own time, this is for interceptors
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record Outgoing(String topic, int partition, byte[] key, byte[] value, long timestampMs) {}
