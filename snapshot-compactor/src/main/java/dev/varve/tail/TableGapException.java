package dev.varve.tail;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import org.jspecify.annotations.Nullable;

/** The topics no longer hold all that follows a position: compacted, expired, or made anew. */
public final class TableGapException extends VarveException {

  private final boolean mayPass;

  TableGapException(ExitCode exitCode, String message, String hint) {
    this(exitCode, message, hint, null);
  }

  TableGapException(ExitCode exitCode, String message, String hint, @Nullable Throwable cause) {
    super(exitCode, message, hint, cause);
    this.mayPass = true;
  }

  private TableGapException(String message, String hint) {
    super(ExitCode.FAILED, message, hint);
    this.mayPass = false;
  }

  /**
   * Other brokers, or a topic that was made anew.
   *
   * @param what the topic has to follow, such as {@code manifest 7}
   */
  static TableGapException otherTopic(String what, String topic) {
    return new TableGapException(
        "Kafka no longer holds what follows %s: %s is another topic than it was; what is laid down is whole"
            .formatted(what, topic),
        "if the chain goes on elsewhere, with a standby that was promoted without this Kafka, do"
            + " not start this again; if Kafka or the topics were lost, 'varve up --new-incarnation"
            + " --start-over' goes on with a new base; otherwise correct kafka.bootstrap");
  }

  @Override
  public boolean mayPass() {
    return mayPass;
  }
}
