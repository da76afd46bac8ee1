package dev.varve.cdc;

/**
 * A transaction with Kafka did not go through, or it is not known whether it did. Nothing may be
 * done but to begin again from what is committed.
 */
final class PublishingException extends RuntimeException {

  PublishingException(Throwable cause) {
    super("Kafka did not take a transaction: " + cause.getMessage(), cause);
  }
}
