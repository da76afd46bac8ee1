package dev.varve.cdc.age;

import java.util.Locale;

/** A place in PostgreSQL's write-ahead log, in the text that the server takes and gives. */
final class Lsn {

  private Lsn() {}

  static long parse(String text) {
    int slash = text.indexOf('/');
    if (slash < 1) {
      throw new IllegalArgumentException("a log position is like 16/B374D848, got '" + text + "'");
    }
    return Long.parseLong(text.substring(0, slash), 16) << Integer.SIZE
        | Long.parseLong(text.substring(slash + 1), 16);
  }

  static String text(long lsn) {
    return String.format(Locale.ROOT, "%X/%X", lsn >>> Integer.SIZE, lsn & 0xFFFF_FFFFL);
  }
}
