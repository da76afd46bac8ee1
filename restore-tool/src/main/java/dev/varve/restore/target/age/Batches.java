package dev.varve.restore.target.age;

import dev.varve.graph.ElementKind;
import dev.varve.restore.standby.Advance;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** What changed, some thousands at a time. */
final class Batches {

  private static final int ROWS = 2_000;

  private Batches() {}

  /** Takes a batch; the list is only good until it returns. */
  interface Batch {
    void write(List<Advance.Changed> batch) throws SQLException;
  }

  /** Carries an error of the server through the walk over what changed. */
  private static final class Broken extends RuntimeException {
    private final SQLException cause;

    Broken(SQLException cause) {
      super(cause);
      this.cause = cause;
    }
  }

  /** Hands out every changed element of a kind; there may be no batch at all. */
  static void of(Advance advance, ElementKind kind, Batch write) throws SQLException {
    List<Advance.Changed> batch = new ArrayList<>();
    try {
      advance.each(
          kind,
          changed -> {
            batch.add(changed);
            if (batch.size() == ROWS) {
              flush(batch, write);
            }
          });
    } catch (Broken e) {
      throw e.cause;
    }
    if (!batch.isEmpty()) {
      write.write(batch);
    }
  }

  private static void flush(List<Advance.Changed> batch, Batch write) {
    try {
      write.write(batch);
      batch.clear();
    } catch (SQLException e) {
      throw new Broken(e);
    }
  }
}
