package dev.varve.cli.drill;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/** A running store, and how a client gets into it; connects to nothing by itself. */
public sealed interface Store permits Neo4jStore, AgeStore {

  Duration ANSWER_WITHIN = Duration.ofSeconds(30);

  /** Without user and password, as {@code --target} and announcements name it. */
  String address();

  /**
   * The store at an announced address, which is entered like this one where it does not say how.
   *
   * @throws VarveException if that is no store of this kind
   */
  Store at(String address);

  /** What its operator can do if it does not answer. */
  String hint();

  /** How people take away what a load has written. */
  String removal(Handwriting names);

  Link connect();

  /** Asks it something; whoever has not got an answer within half a minute gives up. */
  default <T> T ask(Function<Link, T> question) {
    return ask(ANSWER_WITHIN, question);
  }

  /**
   * Asks it something, and does not wait for long: a server that hangs never answers.
   *
   * @throws VarveException if it does not answer, or not with what was asked for
   */
  default <T> T ask(Duration within, Function<Link, T> question) {
    Link link = connect();
    CompletableFuture<T> answer =
        CompletableFuture.supplyAsync(
            () -> question.apply(link),
            task -> { // one of its own, as it may never end
              Thread thread = new Thread(task, "asks-" + address());
              thread.setDaemon(true);
              thread.start();
            });
    try {
      return answer.get(within.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw failed(String.valueOf(cause.getMessage()), cause);
    } catch (TimeoutException e) {
      throw failed("no answer within " + within.toSeconds() + " s", e);
    } catch (InterruptedException e) {
      throw Trial.interrupted(e);
    } finally {
      link.close();
    }
  }

  private VarveException failed(String why, Throwable cause) {
    return new VarveException(ExitCode.FAILED, "cannot ask " + this + ": " + why, hint(), cause);
  }
}
