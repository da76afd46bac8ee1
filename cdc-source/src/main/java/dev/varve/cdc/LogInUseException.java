package dev.varve.cdc;

/** The store's log has one reader at a time, and there is another one; it may end soon. */
public final class LogInUseException extends StoreUnavailableException {

  public LogInUseException(String message, Throwable cause) {
    super(message, cause);
  }
}
