package dev.varve.change;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Transactions of a site behind which the graph is not known exactly: the store did not log
 * everything then, and made up for it later. Before the first and behind the last of them it is
 * known.
 *
 * <p>As text, in the metadata of a transaction: {@code <first>-<last>}.
 *
 * @param first the lowest number of a transaction, be there one of it or not
 * @param last the highest
 */
public record InexactSpan(Site site, long first, long last) {

  /** Where a transaction's metadata has it. */
  public static final String METADATA = "varve.inexact";

  private static final Pattern TEXT = Pattern.compile("(\\d{1,18})-(\\d{1,18})");

  public InexactSpan {
    if (first < 0 || last < first) {
      throw new IllegalArgumentException("not a span: " + first + " to " + last);
    }
  }

  /** Whether the graph is not known exactly behind a transaction. */
  public boolean includes(Site of, long seq) {
    return site.equals(of) && first <= seq && seq <= last;
  }

  public String text() {
    return first + "-" + last;
  }

  /** What {@link #text} wrote; empty if it did not. */
  static Optional<InexactSpan> parse(Site site, String text) {
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    long first = Long.parseLong(matcher.group(1));
    long last = Long.parseLong(matcher.group(2));
    return last < first ? Optional.empty() : Optional.of(new InexactSpan(site, first, last));
  }

  /** The same transactions in as few spans as there can be, by site and number. */
  public static List<InexactSpan> joined(Collection<InexactSpan> spans) {
    List<InexactSpan> joined = new ArrayList<>();
    spans.stream()
        .sorted(
            Comparator.comparing(InexactSpan::site)
                .thenComparingLong(InexactSpan::first)
                .thenComparingLong(InexactSpan::last))
        .forEach(
            span -> {
              InexactSpan before = joined.isEmpty() ? null : joined.get(joined.size() - 1);
              if (before != null
                  && before.site().equals(span.site())
                  && span.first() - 1 <= before.last()) {
                joined.set(
                    joined.size() - 1,
                    new InexactSpan(
                        span.site(), before.first(), Math.max(before.last(), span.last())));
              } else {
                joined.add(span);
              }
            });
    return List.copyOf(joined);
  }

  @Override
  public String toString() {
    return "tx:" + site + "/" + first + " to tx:" + site + "/" + last;
  }
}
