package dev.varve.compact;

import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * What callers wait for: that everything is laid down that was written when they asked. A request
 * stays here until it is served, so that a failure on the way refuses it.
 */
final class Requests {

  private final Queue<Request> waiting = new ConcurrentLinkedQueue<>();

  /** One caller. */
  static final class Request {
    private final CompletableFuture<VersionVector> done = new CompletableFuture<>();
    private long @Nullable [] ends;

    /** How far each place had been written to; found out once, by whoever serves it. */
    long[] ends(java.util.function.Supplier<long[]> find) {
      long[] known = ends;
      if (known == null) {
        known = find.get();
        ends = known;
      }
      return known;
    }

    /**
     * Waits.
     *
     * @throws VarveException if it was refused
     */
    VersionVector await() {
      try {
        return done.join();
      } catch (CompletionException e) {
        if (e.getCause() instanceof VarveException known) {
          throw known;
        }
        throw e;
      }
    }
  }

  Request add() {
    Request request = new Request();
    waiting.add(request);
    return request;
  }

  /** Those that wait, in the order in which they came. */
  Iterable<Request> waiting() {
    return waiting;
  }

  void served(Request request, VersionVector cut) {
    waiting.remove(request);
    request.done.complete(cut);
  }

  /** Nobody will serve them any more. */
  void refuseAll(Optional<Throwable> why) {
    for (Request next = waiting.poll(); next != null; next = waiting.poll()) {
      next.done.completeExceptionally(
          why.isPresent() && why.get() instanceof VarveException known
              ? known
              : new VarveException(
                  ExitCode.FAILED,
                  "the compactor has stopped" + why.map(e -> ": " + e).orElse(""),
                  "start it again"));
    }
  }
}
