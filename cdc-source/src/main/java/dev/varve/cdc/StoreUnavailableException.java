package dev.varve.cdc;

/** The store cannot be reached now; nothing is lost, reading may go on when it is back. */
public class StoreUnavailableException extends RuntimeException {

  public StoreUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
