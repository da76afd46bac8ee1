package dev.varve.archive;

import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.graph.ElementKind;
import dev.varve.wire.AvroInput;
import dev.varve.wire.ElementCodec;
import dev.varve.wire.MalformedRecordException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.avro.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Goes through the elements of one {@code SegmentBlock} after the other, the other way round than
 * {@link ElementBlockWriter}. What is not asked for is only passed over.
 */
final class ElementBlockReader {

  private final ElementKind kind;
  private final List<BinarySkipper> skippers = new ArrayList<>();
  private final List<Column> columns = new ArrayList<>();
  private final List<byte[]> sites = new ArrayList<>();
  private byte[] id = new byte[64];
  private int idLength;
  private long index;
  private long seq;
  private long committedAt;

  /** Of the version that was moved over last: which of {@link #sites} made it. */
  private long place;

  /** The last transaction of each of {@link #sites} that {@link #covering} includes. */
  private long[] covered = new long[0];

  private @Nullable VersionVector covering;

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
    this.kind = kind;
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
    covering = null;
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

  /**
   * Moves over the version of the element.
   *
   * @param elementId what {@link #nextId} gave
   * @throws MalformedRecordException if it has the state of another kind of element
   */
  PackedVersion nextVersion(String elementId) {
    index += indexes.number();
    seq += seqs.number();
    committedAt += committedAts.number();
    place = siteOf.number();
    AvroInput state = states.item();
    PackedVersion version = new PackedVersion(kind, elementId, state.array());
    version.site = site(place);
    version.seq = seq;
    version.index = index;
    version.committedAt = committedAt;
    version.seenAt = skipSeen();
    version.lost = lost.item().readBoolean();
    lost.read();
    version.labelsAt = skipStrings(alteredLabels);
    version.propertiesAt = skipStrings(alteredProperties);
    version.stateAt = state.position();
    Optional<ElementKind> found = ElementCodec.skipState(state);
    if (found.isPresent() && found.get() != kind) {
      throw new MalformedRecordException("found the state of a " + found.get());
    }
    version.removed = found.isEmpty();
    version.stateEnd = state.position();
    states.read();
    return version;
  }

  /** Whether the vector covers the version that was moved over last. */
  boolean coveredBy(VersionVector vector) {
    if (covering != vector) {
      covering = vector;
      covered = new long[sites.size()];
      for (int i = 0; i < covered.length; i++) {
        covered[i] = upTo(sites.get(i), vector);
      }
    }
    return seq <= covered[(int) place];
  }

  /** The last transaction of a site that a vector includes; one before all if there is none. */
  private static long upTo(byte[] site, VersionVector vector) {
    try {
      Long seq = vector.seqs().get(Site.parse(new AvroInput(site).readString()));
      return seq == null ? Long.MIN_VALUE : seq;
    } catch (IllegalArgumentException e) {
      throw new MalformedRecordException(String.valueOf(e.getMessage()), e);
    }
  }

  /** Returns where it begins. */
  private int skipSeen() {
    AvroInput in = seen.item();
    int at = in.position();
    if (in.readBranch(2) != ElementBlockWriter.NOTHING_MORE_SEEN) {
      in.readLong();
      AvroSkips.vector(in);
    }
    seen.read();
    return at;
  }

  /** Returns where they begin. */
  private static int skipStrings(Column column) {
    AvroInput in = column.item();
    int at = in.position();
    AvroSkips.strings(in);
    column.read();
    return at;
  }

  private byte[] site(long place) {
    if (place < 0 || place >= sites.size()) {
      throw new MalformedRecordException("found site " + place + " of " + sites.size());
    }
    return sites.get((int) place);
  }
}
