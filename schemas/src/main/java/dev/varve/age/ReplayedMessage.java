package dev.varve.age;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The message by which a replay says in PostgreSQL's log that a transaction is its own: the first
 * thing that the transaction does. It is not captured, its changes are the graph's already. As
 * text: {@code replayed <graph>}.
 *
 * <p>Not a replication origin: those are for superusers, and a filter of them would pass over what
 * a subscription of the user's own writes into the graph.
 *
 * @param graphOid the graph, in {@code ag_catalog.ag_graph}
 */
public record ReplayedMessage(long graphOid) {

  /** The prefix of this and all other messages of Varve's. */
  public static final String PREFIX = "varve";

  private static final Pattern TEXT = Pattern.compile("replayed (\\d{1,10})");

  public String text() {
    return String.format(Locale.ROOT, "replayed %d", graphOid);
  }

  /** Absent if it is another message. */
  public static Optional<ReplayedMessage> parse(String text) {
    Matcher matcher = TEXT.matcher(text);
    return matcher.matches()
        ? Optional.of(new ReplayedMessage(Long.parseLong(matcher.group(1))))
        : Optional.empty();
  }
}
