package dev.varve.archive;

import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementKind;
import dev.varve.wire.AvroInput;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.MalformedRecordException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.avro.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Goes through the elements of one {@code SegmentBlock} after the other, and gives each as the
 * tables have it: {@link ElementBlockWriter} the other way round, with the hash made anew of the
 * state.
 */
final class ElementBlockReader {

  private final StateHashes hashes;
  private final List<BinarySkipper> skippers = new ArrayList<>();
  private final List<Column> columns = new ArrayList<>();
  private final List<byte[]> sites = new ArrayList<>();
  private byte[] id = new byte[64];
  private int idLength;
  private long index;
  private long seq;
  private long committedAt;

  /** The items of an array in a block that are still to come. */
  private static final class Column {
    private final String name;
    private @Nullable AvroInput in;
    private int left;

    Column(String name) {
      this.name = name;
    }

    void begin(AvroInput array) {
      in = array;
      left = array.readBlockCount();
    }

    boolean more() {
      return left > 0;
    }

    /** A cursor at the next item, to be read up to its end before {@link #read}. */
    AvroInput item() {
      AvroInput current = in;
      if (current == null || left == 0) {
        throw new MalformedRecordException("found too few of " + name);
      }
      return current;
    }

    void read() {
      left--;
      if (left == 0 && in != null) {
        left = in.readBlockCount();
      }
    }

    long number() {
      long value = item().readLong();
      read();
      return value;
    }
  }

  private final Column shared;
  private final Column rest;
  private final Column indexes;
  private final Column siteNames;
  private final Column siteOf;
  private final Column seqs;
  private final Column committedAts;
  private final Column seen;
  private final Column lost;
  private final Column alteredLabels;
  private final Column alteredProperties;
  private final Column states;

  /**
   * @param schema of the blocks
   */
  ElementBlockReader(ElementKind kind, Schema schema) {
    hashes = new StateHashes(kind);
    schema.getFields().forEach(field -> skippers.add(BinarySkipper.of(field.schema())));
    shared = column("shared");
    rest = column("rest");
    indexes = column("index");
    siteNames = column("sites");
    siteOf = column("site");
    seqs = column("seq");
    committedAts = column("committedAt");
    seen = column("seen");
    lost = column("lost");
    alteredLabels = column("alteredLabels");
    alteredProperties = column("alteredProperties");
    states = column("states");
  }

  private Column column(String name) {
    Column column = new Column(name);
    columns.add(column);
    return column;
  }

  /**
   * Begins a block.
   *
   * @param in stands at the block, and behind it when {@link #more} has said that there is no more
   * @throws MalformedRecordException if the bytes are not a block
   */
  void begin(AvroInput in) {
    idLength = 0;
    index = 0;
    seq = 0;
    committedAt = 0;
    for (int i = 0; i < columns.size() - 1; i++) {
      int at = in.position();
      skippers.get(i).skip(in);
      columns.get(i).begin(new AvroInput(in.array(), at, in.position() - at));
    }
    states.begin(in); // the last column, and by far the longest
    sites.clear();
    while (siteNames.more()) {
      AvroInput item = siteNames.item();
      int at = item.position();
      AvroSkips.string(item);
      sites.add(Arrays.copyOfRange(item.array(), at, item.position()));
      siteNames.read();
    }
  }

  /**
   * Whether there is another element in the block.
   *
   * @throws MalformedRecordException if one column has ended, and another has not
   */
  boolean more() {
    if (shared.more()) {
      return true;
    }
    for (Column column : columns) {
      if (column.more()) {
        throw new MalformedRecordException("found too many of " + column.name);
      }
    }
    return false;
  }

  /** Moves to the next element, and reads its id. */
  String nextId() {
    int common = shared.item().readInt();
    shared.read();
    AvroInput in = rest.item();
    int more = in.readInt();
    int at = in.position();
    in.skip(more);
    if (common < 0 || common > idLength) {
      throw new MalformedRecordException(
          "found an id that shares " + common + " bytes with one of " + idLength);
    }
    int length = Math.addExact(common, more);
    if (id.length < length) {
      id = Arrays.copyOf(id, length * 2);
    }
    System.arraycopy(in.array(), at, id, common, more);
    rest.read();
    idLength = length;
    return new String(id, 0, idLength, StandardCharsets.UTF_8);
  }

  /** Writes the id of the element as a string. */
  void writeId(AvroOutput out) {
    out.writeInt(idLength).raw(id, 0, idLength);
  }

  /**
   * Writes the version of the element as the tables have it.
   *
   * @param elementId what {@link #nextId} gave
   */
  void writeVersion(String elementId, AvroOutput out) {
    index += indexes.number();
    seq += seqs.number();
    committedAt += committedAts.number();
    byte[] site = site(siteOf.number());
    out.raw(site, 0, site.length).writeLong(seq).writeLong(index).writeLong(committedAt);
    writeSeen(site, out);
    AvroInput state = states.item();
    int stateAt = state.position();
    Optional<ElementHash> hash = hashes.read(elementId, state);
    int stateEnd = state.position();
    if (hash.isPresent()) {
      out.writeInt(1).writeFixedLong(hash.get().high()).writeFixedLong(hash.get().low());
    } else {
      out.writeInt(0);
    }
    out.writeInt(0); // what it replaced
    out.writeBoolean(lost.item().readBoolean());
    lost.read();
    copyStrings(alteredLabels, out);
    copyStrings(alteredProperties, out);
    out.raw(state.array(), stateAt, stateEnd - stateAt);
    states.read();
  }

  private void writeSeen(byte[] site, AvroOutput out) {
    AvroInput in = seen.item();
    if (in.readBranch(2) == ElementBlockWriter.NOTHING_MORE_SEEN) {
      out.writeLong(seq).writeInt(1).raw(site, 0, site.length).writeLong(seq).writeInt(0);
    } else {
      out.writeLong(in.readLong());
      int at = in.position();
      AvroSkips.vector(in);
      out.raw(in.array(), at, in.position() - at);
    }
    seen.read();
  }

  private static void copyStrings(Column column, AvroOutput out) {
    AvroInput in = column.item();
    int at = in.position();
    AvroSkips.strings(in);
    out.raw(in.array(), at, in.position() - at);
    column.read();
  }

  private byte[] site(long place) {
    if (place < 0 || place >= sites.size()) {
      throw new MalformedRecordException("found site " + place + " of " + sites.size());
    }
    return sites.get((int) place);
  }
}
