package dev.varve.tail;

import dev.varve.wire.AvroInput;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * How one record of the tables lies in a sort buffer or run: raw bytes, so that millions of them
 * cost no objects. The layout is private to one run of one compactor.
 *
 * <pre>
 *  0 int   bytes after this field      24 long  weight (a transaction: its offset)
 *  4 byte  kind                        32 long  commit time
 *  5 byte  1 if the id is ASCII        40 int   bytes of the id
 *  6 short place                       44 int   bytes of the datum before the version
 *  8 long  offset in the partition     48       datum: the id as an Avro string, the version;
 * 16 long  versions before it                         or a transaction
 * </pre>
 *
 * Order: kind, id, version; transactions by offset.
 */
public final class SortEntry {

  public static final byte VERTEX = 0;
  public static final byte EDGE = 1;
  public static final byte TRANSACTION = 2;

  public static final int HEADER_BYTES = 48;
  static final int LENGTH_BYTES = Integer.BYTES;

  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private static final int KIND_SHIFT = 61;
  private static final int LENGTH_SHIFT = 55;
  private static final int LENGTH_MAX = 63;
  private static final int KEY_CHARS = 7;
  private static final int CHAR_BITS = 7;
  private static final int CHAR_MAX = 127;
  private static final long OFFSET_MASK = (1L << LENGTH_SHIFT) - 1;

  private SortEntry() {}

  /** Where a record stood: which partition, at which offset, after how many versions. */
  public record Origin(int place, long offset, long ordinal) {}

  /** What versions are ordered by, beside id and dot. */
  public record Rank(long weight, long committedAtMicros) {}

  /** The length of an entry for a datum. */
  static int length(int datumBytes) {
    return Math.addExact(HEADER_BYTES, datumBytes);
  }

  /** Writes the fields before the datum; the datum begins at {@code at + HEADER_BYTES}. */
  static void writeHeader(
      byte[] b, int at, byte kind, Origin origin, Rank rank, byte[] id, int idField, int datum) {
    INT.set(b, at, HEADER_BYTES - LENGTH_BYTES + datum);
    b[at + 4] = kind;
    b[at + 5] = (byte) (ascii(id) ? 1 : 0);
    SHORT.set(b, at + 6, (short) origin.place());
    LONG.set(b, at + 8, origin.offset());
    LONG.set(b, at + 16, origin.ordinal());
    LONG.set(b, at + 24, rank.weight());
    LONG.set(b, at + 32, rank.committedAtMicros());
    INT.set(b, at + 40, id.length);
    INT.set(b, at + 44, idField);
  }

  /** The whole entry, its length field included. */
  public static int totalLength(byte[] b, int at) {
    return (int) INT.get(b, at) + LENGTH_BYTES;
  }

  public static byte kind(byte[] b, int at) {
    return b[at + 4];
  }

  public static Origin origin(byte[] b, int at) {
    return new Origin(
        (short) SHORT.get(b, at + 6), (long) LONG.get(b, at + 8), (long) LONG.get(b, at + 16));
  }

  public static int datumLength(byte[] b, int at) {
    return totalLength(b, at) - HEADER_BYTES;
  }

  /** A cursor over the version (without the id) or over the transaction. */
  public static AvroInput body(byte[] b, int at) {
    int before = (int) INT.get(b, at + 44);
    return new AvroInput(b, at + HEADER_BYTES + before, datumLength(b, at) - before);
  }

  public static String id(byte[] b, int at) {
    return new String(b, idStart(b, at), idLength(b, at), StandardCharsets.UTF_8);
  }

  public static boolean sameElement(byte[] a, int atA, byte[] b, int atB) {
    return kind(a, atA) == kind(b, atB)
        && Arrays.equals(
            a,
            idStart(a, atA),
            idStart(a, atA) + idLength(a, atA),
            b,
            idStart(b, atB),
            idStart(b, atB) + idLength(b, atB));
  }

  /**
   * The beginning of the order in one number, positive: entries with different keys are in the
   * order of their keys, those with the same key have to be compared.
   */
  static long key(byte[] b, int at) {
    long key = (long) kind(b, at) << KIND_SHIFT;
    if (kind(b, at) == TRANSACTION) {
      return key | ((long) LONG.get(b, at + 8) & OFFSET_MASK);
    }
    if (b[at + 5] == 1) {
      int length = idLength(b, at);
      key |= (long) Math.min(length, LENGTH_MAX) << LENGTH_SHIFT;
      int start = idStart(b, at);
      for (int i = 0; i < KEY_CHARS && i < length; i++) {
        key |= (long) b[start + i] << ((KEY_CHARS - 1 - i) * CHAR_BITS);
      }
      return key;
    }
    String id = id(b, at);
    key |= (long) Math.min(id.length(), LENGTH_MAX) << LENGTH_SHIFT;
    for (int i = 0; i < KEY_CHARS && i < id.length(); i++) {
      char unit = id.charAt(i);
      key |= (long) Math.min(unit, CHAR_MAX) << ((KEY_CHARS - 1 - i) * CHAR_BITS);
      if (unit >= CHAR_MAX) {
        break; // what follows a unit that did not fit must not decide
      }
    }
    return key;
  }

  /** Compares two entries that have the same key. */
  static int compare(byte[] a, int atA, byte[] b, int atB) {
    if (kind(a, atA) == TRANSACTION) {
      return Long.compare((long) LONG.get(a, atA + 8), (long) LONG.get(b, atB + 8));
    }
    int byId = compareIds(a, atA, b, atB);
    if (byId != 0) {
      return byId;
    }
    int byWeight = Long.compare((long) LONG.get(a, atA + 24), (long) LONG.get(b, atB + 24));
    if (byWeight != 0) {
      return byWeight;
    }
    int byTime = Long.compare((long) LONG.get(a, atA + 32), (long) LONG.get(b, atB + 32));
    return byTime != 0 ? byTime : compareDots(body(a, atA), body(b, atB));
  }

  private static int compareIds(byte[] a, int atA, byte[] b, int atB) {
    if (a[atA + 5] == 1 && b[atB + 5] == 1) {
      int byLength = Integer.compare(idLength(a, atA), idLength(b, atB));
      return byLength != 0
          ? byLength
          : Arrays.compare(
              a,
              idStart(a, atA),
              idStart(a, atA) + idLength(a, atA),
              b,
              idStart(b, atB),
              idStart(b, atB) + idLength(b, atB));
    }
    String idA = id(a, atA);
    String idB = id(b, atB);
    int byLength = Integer.compare(idA.length(), idB.length());
    return byLength != 0 ? byLength : idA.compareTo(idB);
  }

  /** The dot is what a version begins with. */
  private static int compareDots(AvroInput a, AvroInput b) {
    int bySite =
        dev.varve.change.Site.parse(a.readString())
            .compareTo(dev.varve.change.Site.parse(b.readString()));
    if (bySite != 0) {
      return bySite;
    }
    int bySeq = Long.compare(a.readLong(), b.readLong());
    return bySeq != 0 ? bySeq : Long.compare(a.readLong(), b.readLong());
  }

  private static int idLength(byte[] b, int at) {
    return (int) INT.get(b, at + 40);
  }

  private static int idStart(byte[] b, int at) {
    return at + HEADER_BYTES + (int) INT.get(b, at + 44) - idLength(b, at);
  }

  private static boolean ascii(byte[] id) {
    for (byte unit : id) {
      if (unit < 0 || unit == CHAR_MAX) {
        return false;
      }
    }
    return true;
  }
}
