package dev.varve.tail;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import org.jspecify.annotations.Nullable;

/** The topics no longer hold all that follows a position: compacted, expired, or made anew. */
public final class TableGapException extends VarveException {

  TableGapException(ExitCode exitCode, String message, String hint) {
    this(exitCode, message, hint, null);
  }

  TableGapException(ExitCode exitCode, String message, String hint, @Nullable Throwable cause) {
    super(exitCode, message, hint, cause);
  }
}
