package dev.varve.cdc.age;

import java.util.Locale;
import java.util.Optional;

/**
 * A point between two changes of the log.
 *
 * <p>As text: {@code <end>:<inside>:<done>:<timeline>:<time>:<schema>:<labels>}.
 *
 * @param end the end, in the log, of the last transaction that is wholly before it
 * @param inside the end of the transaction in whose midst it is; absent between two
 * @param done how many changes of that are before it
 * @param timeline PostgreSQL's, which changes when a standby or a restored copy becomes the server
 * @param timeMicros no commit time before it is later
 * @param schema which indexes and constraints were published last, as a digest; empty for none
 * @param labels as they were at {@code end}
 */
record Position(
    long end,
    Optional<Long> inside,
    long done,
    int timeline,
    long timeMicros,
    String schema,
    Labels labels) {

  private static final int FIELDS = 7;

  static Position parse(String text) {
    String[] fields = text.split(":", FIELDS);
    if (fields.length != FIELDS) {
      throw new IllegalArgumentException("not a position in the log of PostgreSQL: '" + text + "'");
    }
    return new Position(
        Lsn.parse(fields[0]),
        fields[1].isEmpty() ? Optional.empty() : Optional.of(Lsn.parse(fields[1])),
        Long.parseLong(fields[2]),
        Integer.parseInt(fields[3]),
        Long.parseLong(fields[4]),
        fields[5],
        Labels.parse(fields[6]));
  }

  String text() {
    return String.format(
        Locale.ROOT,
        "%s:%s:%d:%d:%d:%s:%s",
        Lsn.text(end),
        inside.map(Lsn::text).orElse(""),
        done,
        timeline,
        timeMicros,
        schema,
        labels.text());
  }

  boolean whole() {
    return inside.isEmpty();
  }

  Position after(long transactionEnd, long time, Labels then) {
    return new Position(transactionEnd, Optional.empty(), 0, timeline, time, schema, then);
  }

  /** The same, behind a transaction that holds nothing of the graph. */
  Position past(long transactionEnd, long time, Labels then) {
    boolean still = inside.filter(place -> place > transactionEnd).isPresent();
    return new Position(
        transactionEnd,
        still ? inside : Optional.empty(),
        still ? done : 0,
        timeline,
        time,
        schema,
        then);
  }

  Position within(long transactionEnd, long changes) {
    return new Position(
        end, Optional.of(transactionEnd), changes, timeline, timeMicros, schema, labels);
  }

  Position withSchema(String digest) {
    return new Position(end, inside, done, timeline, timeMicros, digest, labels);
  }

  Position withLabels(Labels then) {
    return new Position(end, inside, done, timeline, timeMicros, schema, then);
  }
}
