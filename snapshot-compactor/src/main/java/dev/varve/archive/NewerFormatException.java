package dev.varve.archive;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;

/** An object was written by a newer Varve, in a format that this one does not know. */
public final class NewerFormatException extends VarveException {

  /**
   * @param key of the object
   * @param found the version that it says it has
   * @param known the newest version that this program reads
   */
  public NewerFormatException(String key, String found, String known) {
    super(
        ExitCode.FAILED,
        key + " has format version " + found + "; this Varve reads up to " + known,
        "use the version of Varve that wrote it, or a newer one");
  }
}
