package dev.varve.cli;

import dev.varve.archive.RepositoryUnavailableException;
import dev.varve.cdc.StoreUnavailableException;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.nio.file.AccessDeniedException;
import org.jspecify.annotations.Nullable;

/** What an operator is told when a command fails. */
record Failure(String message, String hint, ExitCode exitCode) {

  /** The deepest cause that somebody can act on decides. */
  static Failure of(Throwable thrown) {
    Failure diskFull = null;
    for (Throwable e = thrown; e != null; e = next(e)) {
      if (e instanceof VarveException varve) {
        return new Failure(String.valueOf(e.getMessage()), varve.hint(), varve.exitCode());
      }
      if (e instanceof RepositoryUnavailableException unavailable) {
        return new Failure(String.valueOf(e.getMessage()), unavailable.hint(), ExitCode.FAILED);
      }
      if (e instanceof StoreUnavailableException unavailable) {
        return new Failure(
            String.valueOf(unavailable.getMessage()),
            "see that the store is up and can be reached from here, then do it again",
            ExitCode.FAILED);
      }
      String message = e.getMessage();
      if (message != null && message.contains("No space left on device")) {
        diskFull =
            new Failure(
                "the disk is full: " + message,
                "make room and start again; what was published before is safe",
                ExitCode.FAILED);
      } else if (e instanceof AccessDeniedException) {
        diskFull =
            new Failure(
                "not permitted: " + message,
                "give the user who runs varve the right to this file or directory",
                ExitCode.FAILED);
      }
    }
    return diskFull != null
        ? diskFull
        : new Failure(
            thrown.toString(),
            "this is a defect of varve: run it again with -v and report what it prints",
            ExitCode.INTERNAL);
  }

  private static @Nullable Throwable next(Throwable e) {
    return e.getCause() == e ? null : e.getCause();
  }
}
