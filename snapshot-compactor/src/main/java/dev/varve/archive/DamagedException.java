package dev.varve.archive;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import org.jspecify.annotations.Nullable;

/** An object in the repository is not what was written there. */
public final class DamagedException extends VarveException {

  private final String key;

  /**
   * @param key of the object
   * @param what what is wrong with it, and where in it if known
   */
  public DamagedException(String key, String what, @Nullable Throwable cause) {
    super(
        ExitCode.DAMAGE_FOUND,
        key + " is damaged: " + what,
        "bring the object back from a copy of the repository; varve verify lists all damage,"
            + " varve info what can still be restored",
        cause);
    this.key = key;
  }

  /** The key of the damaged object. */
  public String key() {
    return key;
  }
}
