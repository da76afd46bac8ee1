package dev.varve.cdc.age;

import java.util.Locale;
import java.util.Optional;

/**
 * A point between two changes of the log.
 *
 * <p>As text: {@code <end>:<inside>:<done>:<timeline>:<time>:<schema>:<open>:<full>:<labels>}.
 *
 * @param end the end, in the log, of the last transaction that is wholly before it
 * @param inside the end of the transaction in whose midst it is; absent between two
 * @param done how many changes of that are before it
 * @param timeline PostgreSQL's, which changes when a standby or a restored copy becomes the server
 * @param timeMicros no commit time before it is later
 * @param schema which indexes and constraints were published last, as a digest; empty for none
 * @param openSince the end of the transaction from which on there has always been an open label;
 *     absent if none is open
 * @param fullUntil up to here in the log every label that is not open was seen to log in full
 * @param labels as they were at {@code end}
 */
record Position(
    long end,
    Optional<Long> inside,
    long done,
    int timeline,
    long timeMicros,
    String schema,
    Optional<Long> openSince,
    long fullUntil,
    Labels labels) {

  private static final int FIELDS = 9;
  private static final int FIELDS_AT_FIRST = 7; // without openSince and fullUntil

  Position {
    if (openSince.isPresent() == labels.open().isEmpty()) {
      throw new IllegalArgumentException("open since " + openSince + ", open: " + labels.open());
    }
  }

  static Position parse(String text) {
    String[] fields = text.split(":", -1); // names in labels are encoded
    if (fields.length != FIELDS && fields.length != FIELDS_AT_FIRST) {
      throw new IllegalArgumentException("not a position in the log of PostgreSQL: '" + text + "'");
    }
    boolean asAtFirst = fields.length == FIELDS_AT_FIRST;
    long end = Lsn.parse(fields[0]);
    Labels labels = Labels.parse(fields[fields.length - 1]);
    return new Position(
        end,
        optional(fields[1]),
        Long.parseLong(fields[2]),
        Integer.parseInt(fields[3]),
        Long.parseLong(fields[4]),
        fields[5],
        asAtFirst ? Optional.of(end).filter(any -> !labels.open().isEmpty()) : optional(fields[6]),
        asAtFirst ? end : Lsn.parse(fields[7]),
        labels);
  }

  private static Optional<Long> optional(String lsn) {
    return lsn.isEmpty() ? Optional.empty() : Optional.of(Lsn.parse(lsn));
  }

  String text() {
    return String.format(
        Locale.ROOT,
        "%s:%s:%d:%d:%d:%s:%s:%s:%s",
        Lsn.text(end),
        inside.map(Lsn::text).orElse(""),
        done,
        timeline,
        timeMicros,
        schema,
        openSince.map(Lsn::text).orElse(""),
        Lsn.text(fullUntil),
        labels.text());
  }

  boolean whole() {
    return inside.isEmpty();
  }

  /**
   * Behind a transaction.
   *
   * @param open from which transaction on labels are open; absent if none is
   */
  Position after(long transactionEnd, long time, Optional<Long> open, Labels then) {
    return new Position(
        transactionEnd, Optional.empty(), 0, timeline, time, schema, open, fullUntil, then);
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
        then.open().isEmpty() ? Optional.empty() : openSince.or(() -> Optional.of(transactionEnd)),
        fullUntil,
        then);
  }

  Position within(long transactionEnd, long changes) {
    return new Position(
        end,
        Optional.of(transactionEnd),
        changes,
        timeline,
        timeMicros,
        schema,
        openSince,
        fullUntil,
        labels);
  }

  Position withSchema(String digest) {
    return new Position(
        end, inside, done, timeline, timeMicros, digest, openSince, fullUntil, labels);
  }

  Position seenFullUntil(long place) {
    return new Position(
        end,
        inside,
        done,
        timeline,
        timeMicros,
        schema,
        openSince,
        Math.max(fullUntil, place),
        labels);
  }
}
