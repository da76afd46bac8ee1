package dev.varve.cli.drill;

/** A store did not do what it was asked for: it cannot be reached, breaks off, or refuses. */
final class StoreFailure extends RuntimeException {

  StoreFailure(String what) {
    super(what);
  }

  StoreFailure(Exception cause) {
    super(cause.getMessage(), cause);
  }
}
