// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.neo4j.procedure.TerminationGuard;

/** Makes a procedure's rows one at a time, when the client asks for them. */
interface RowSource<R> extends AutoCloseable {

  /** The next row; null after the last. */
  @Nullable R next();

  @Override
  void close();

  /** The rows as the stream that a procedure returns; closing it closes the source. */
  static <R> Stream<R> stream(RowSource<R> source, TerminationGuard guard) {
    Iterator<R> rows =
        new Iterator<>() {
          private @Nullable R ahead;
          private boolean done;

          @Override
          public boolean hasNext() {
            if (ahead == null && !done) {
              guard.check();
              ahead = source.next();
              done = ahead == null;
            }
            return ahead != null;
          }

          @Override
          public R next() {
            if (!hasNext()) {
              throw new NoSuchElementException();
            }
            R row = Objects.requireNonNull(ahead);
            ahead = null;
            return row;
          }
        };
    return StreamSupport.stream(
            Spliterators.spliteratorUnknownSize(rows, Spliterator.ORDERED | Spliterator.NONNULL),
            false)
        .onClose(source::close);
  }
}
