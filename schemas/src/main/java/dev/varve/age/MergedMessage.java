package dev.varve.age;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The message by which a merge says in PostgreSQL's log which branch a transaction writes. It is
 * captured like any other transaction. As text: {@code merged <graph> <branch>}.
 *
 * @param graphOid the graph, in {@code ag_catalog.ag_graph}
 * @param branch the branch's name
 */
public record MergedMessage(long graphOid, String branch) {

  /** The prefix of this and all other messages of Varve's. */
  public static final String PREFIX = ReplayedMessage.PREFIX;

  /** The key of a transaction's metadata that names the branch. */
  public static final String METADATA = "varveBranch";

  private static final Pattern TEXT = Pattern.compile("merged (\\d{1,10}) (\\S{1,200})");

  public String text() {
    return String.format(Locale.ROOT, "merged %d %s", graphOid, branch);
  }

  /** Absent if it is another message. */
  public static Optional<MergedMessage> parse(String text) {
    Matcher matcher = TEXT.matcher(text);
    return matcher.matches()
        ? Optional.of(new MergedMessage(Long.parseLong(matcher.group(1)), matcher.group(2)))
        : Optional.empty();
  }
}
