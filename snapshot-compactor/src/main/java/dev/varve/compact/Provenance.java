package dev.varve.compact;

import dev.varve.archive.DamagedException;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;

/** Where a version comes from that goes into a base or checkpoint. */
sealed interface Provenance {

  /** Whether the state is known to have the hash that the version carries. */
  boolean checked();

  /** What an operator is told if a version from there is not what it was. */
  VarveException damaged(String what, Throwable cause);

  /** A segment of the chain. */
  record OfSegment(String key, boolean checked) implements Provenance {
    @Override
    public VarveException damaged(String what, Throwable cause) {
      return new DamagedException(key, what, cause);
    }
  }

  /** The topology table in a topic. */
  record OfTable(String topic) implements Provenance {
    @Override
    public boolean checked() {
      return false;
    }

    @Override
    public VarveException damaged(String what, Throwable cause) {
      return new VarveException(
          ExitCode.DAMAGE_FOUND,
          topic + " is damaged: " + what + "; nothing was laid down",
          "let capture scan the graph anew; what the chain holds can be restored as before",
          cause);
    }
  }
}
