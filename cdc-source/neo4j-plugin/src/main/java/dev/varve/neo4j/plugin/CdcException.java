// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import org.jspecify.annotations.Nullable;
import org.neo4j.kernel.api.exceptions.Status;

/**
 * Why the plugin refuses. The message starts with a code that does not change between versions and
 * ends with a hint; being a {@link Status.HasStatus}, it reaches the client as it is.
 */
final class CdcException extends RuntimeException implements Status.HasStatus {

  private static final long serialVersionUID = 1;

  /** The codes, as clients see them: {@code VARVE-} and the name with dashes. */
  enum Code {
    /** Neo4j does not write enrichment into this database's log. */
    ENRICHMENT_OFF,
    /** Transactions after the position are no longer in the log. */
    LOG_PRUNED,
    /** The log has a hole or cannot be read. */
    LOG_BROKEN,
    /** An element in the store cannot be read. */
    STORE_BROKEN,
    /** The position was given out by another store, or by this one before it was rolled back. */
    OTHER_STORE,
    /** The position is not one that the plugin gave out. */
    BAD_POSITION,
    /** An argument is unknown or out of range. */
    BAD_OPTION,
    /** A transaction changed data while enrichment was off. */
    UNENRICHED_TRANSACTION,
    /** The log has something in it that this plugin does not know. */
    UNSUPPORTED_LOG
  }

  private final Code code;

  CdcException(Code code, String message, String hint) {
    this(code, message, hint, null);
  }

  CdcException(Code code, String message, String hint, @Nullable Throwable cause) {
    super("VARVE-" + code.name().replace('_', '-') + ": " + message + " HINT: " + hint, cause);
    this.code = code;
  }

  Code code() {
    return code;
  }

  @Override
  public Status status() {
    return Status.Procedure.ProcedureCallFailed;
  }
}
