package dev.varve.restore;

import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;

/** What a graph is to be restored to, as an operator names it. Its text form is the command's. */
public sealed interface Moment {

  /** The newest cut of the chain. */
  record Latest() implements Moment {
    @Override
    public String toString() {
      return "latest";
    }
  }

  /** Every transaction that was committed at or before a time. */
  record AtTime(Instant time) implements Moment {
    @Override
    public String toString() {
      return time.toString();
    }
  }

  /**
   * Every transaction of a site up to one, that one included, and of other sites what the chain had
   * laid down before it.
   */
  record AtTransaction(Site site, long seq) implements Moment {
    public AtTransaction {
      if (seq < 0) {
        throw new IllegalArgumentException("seq must be >= 0, got " + seq);
      }
    }

    @Override
    public String toString() {
      return "tx:" + site + "/" + seq;
    }
  }

  /** Exactly what a version vector includes. */
  record AtVector(VersionVector vector) implements Moment {
    @Override
    public String toString() {
      return "vv:" + vector;
    }
  }

  /** What a restore point of this name holds. */
  record AtRestorePoint(String name) implements Moment {
    @Override
    public String toString() {
      return MARK + name;
    }
  }

  /** What a restore point's name is written behind. */
  String MARK = "mark:";

  /**
   * Reads what {@code --to} takes: {@code latest}, a time as in RFC 3339 ({@code
   * 2026-11-22T19:30:00Z}, {@code 2026-11-22 20:30:00.250+01:00}), {@code tx:<site>/<seq>}, {@code
   * vv:<site>=<seq>,…} or {@code mark:<name>}.
   *
   * @throws VarveException with {@link ExitCode#USAGE} if the text is none of these
   */
  static Moment parse(String text) {
    try {
      if (text.equals("latest")) {
        return new Latest();
      }
      if (text.startsWith("tx:")) {
        return transaction(text);
      }
      if (text.startsWith("vv:")) {
        VersionVector vector = VersionVector.parse(text.substring("vv:".length()));
        if (vector.seqs().isEmpty()) {
          throw new IllegalArgumentException("a version vector names at least one site");
        }
        return new AtVector(vector);
      }
      if (text.startsWith(MARK)) {
        String name = text.substring(MARK.length());
        if (name.isEmpty()) {
          throw new IllegalArgumentException("expected mark:<name>");
        }
        return new AtRestorePoint(name);
      }
      return new AtTime(time(text));
    } catch (IllegalArgumentException | DateTimeException e) {
      throw usage(text, String.valueOf(e.getMessage()), FORMS);
    }
  }

  /** What {@link #parse} takes, for a hint. */
  String FORMS =
      "give latest, a time such as 2026-11-22T19:30:00Z, tx:<site>/<seq> such as tx:neo4j@1/17,"
          + " vv:<site>=<seq>,… or mark:<name>";

  private static Moment transaction(String text) {
    int slash = text.lastIndexOf('/');
    if (slash < 0) {
      throw new IllegalArgumentException("expected tx:<site>/<seq>");
    }
    Site site = Site.parse(text.substring("tx:".length(), slash));
    String seq = text.substring(slash + 1);
    try {
      return new AtTransaction(site, Long.parseLong(seq));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("expected a transaction's number, got '" + seq + "'", e);
    }
  }

  /** RFC 3339 lets a space or a small t stand between date and time, and a small z at the end. */
  private static Instant time(String text) {
    StringBuilder iso = new StringBuilder(text.toUpperCase(java.util.Locale.ROOT));
    int separator = "yyyy-mm-dd".length();
    if (iso.length() > separator && iso.charAt(separator) == ' ') {
      iso.setCharAt(separator, 'T');
    }
    return OffsetDateTime.parse(iso, DateTimeFormatter.ISO_OFFSET_DATE_TIME).toInstant();
  }

  private static VarveException usage(String text, String why, String hint) {
    return new VarveException(
        ExitCode.USAGE, "cannot read the moment '" + text + "': " + why, hint);
  }
}
