package dev.varve.archive;

import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementKind;
import dev.varve.wire.AvroInput;
import dev.varve.wire.AvroOutput;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Collects elements of a base for one {@code SegmentBlock}: a column for each field, as {@code
 * docs/format/segment.md} describes them, so that what is alike lies side by side.
 *
 * <p>Left out are the hash of a state, which is made again of the state, and what a version
 * replaced, which only deltas are asked for. Weight and vector are there only if they tell more
 * than the dot: with one site, and without conflicts, they do not. The counterpart is {@link
 * ElementBlockReader}.
 */
final class ElementBlockWriter {

  static final int NOTHING_MORE_SEEN = 0;
  private static final int MORE_SEEN = 1;

  private final StateHashes hashes;
  private final AvroOutput shared = new AvroOutput();
  private final AvroOutput rest = new AvroOutput();
  private final AvroOutput index = new AvroOutput();
  private final AvroOutput sites = new AvroOutput();
  private final AvroOutput site = new AvroOutput();
  private final AvroOutput seq = new AvroOutput();
  private final AvroOutput committedAt = new AvroOutput();
  private final AvroOutput seen = new AvroOutput();
  private final AvroOutput lost = new AvroOutput();
  private final AvroOutput alteredLabels = new AvroOutput();
  private final AvroOutput alteredProperties = new AvroOutput();
  private final AvroOutput states = new AvroOutput();
  private final List<AvroOutput> columns =
      List.of(
          shared,
          rest,
          index,
          sites,
          site,
          seq,
          committedAt,
          seen,
          lost,
          alteredLabels,
          alteredProperties,
          states);

  /** The dictionary of sites; each as an encoded string. A graph has a handful of them. */
  private final List<byte[]> knownSites = new ArrayList<>();

  private byte[] lastId = new byte[0];
  private long lastIndex;
  private long lastSeq;
  private long lastCommittedAt;
  private int count;

  ElementBlockWriter(ElementKind kind) {
    this.hashes = new StateHashes(kind);
  }

  /** How many bytes are in the columns. */
  int length() {
    int length = 0;
    for (AvroOutput column : columns) {
      length = Math.addExact(length, column.length());
    }
    return length;
  }

  boolean isEmpty() {
    return count == 0;
  }

  /**
   * Adds an element.
   *
   * @param entry a {@code SegmentEntry}: the id, then the version as the tables have it
   * @param check whether to see that the state has the hash that is left out
   * @throws StateMismatchException if it has not; then nothing was added
   */
  void add(String id, AvroInput entry, boolean check) {
    byte[] bytes = entry.array();
    int idLength = entry.readInt();
    int idAt = entry.position();
    entry.skip(idLength);
    int siteAt = entry.position();
    AvroSkips.string(entry);
    int siteEnd = entry.position();
    long newSeq = entry.readLong();
    long newIndex = entry.readLong();
    long newCommittedAt = entry.readLong();
    long weight = entry.readLong();
    int vectorAt = entry.position();
    boolean implied = isDotAlone(entry, siteAt, siteEnd, newSeq) && weight == newSeq;
    int vectorEnd = entry.position();
    Optional<ElementHash> hash = readHash(entry);
    readHash(entry);
    boolean newLost = entry.readBoolean();
    int labelsAt = entry.position();
    AvroSkips.strings(entry);
    int propertiesAt = entry.position();
    AvroSkips.strings(entry);
    int stateAt = entry.position();
    if (check) {
      hashes.check(id, entry, hash);
      entry.expectEnd();
    } else {
      entry.skip(entry.remaining());
    }
    addId(Arrays.copyOfRange(bytes, idAt, idAt + idLength));
    index.writeLong(newIndex - lastIndex);
    site.writeInt(placeOf(Arrays.copyOfRange(bytes, siteAt, siteEnd)));
    seq.writeLong(newSeq - lastSeq);
    committedAt.writeLong(newCommittedAt - lastCommittedAt);
    lastIndex = newIndex;
    lastSeq = newSeq;
    lastCommittedAt = newCommittedAt;
    if (implied) {
      seen.writeInt(NOTHING_MORE_SEEN);
    } else {
      seen.writeInt(MORE_SEEN).writeLong(weight).raw(bytes, vectorAt, vectorEnd - vectorAt);
    }
    lost.writeBoolean(newLost);
    alteredLabels.raw(bytes, labelsAt, propertiesAt - labelsAt);
    alteredProperties.raw(bytes, propertiesAt, stateAt - propertiesAt);
    states.raw(bytes, stateAt, entry.position() - stateAt);
    count++;
  }

  /** Gives out the block, and begins the next one. */
  void flush(AvroOutput out) {
    for (AvroOutput column : columns) {
      out.writeInt(column == sites ? knownSites.size() : count);
      out.raw(column.array(), 0, column.length());
      out.writeInt(0);
      column.clear();
    }
    knownSites.clear();
    lastId = new byte[0];
    lastIndex = 0;
    lastSeq = 0;
    lastCommittedAt = 0;
    count = 0;
  }

  private void addId(byte[] id) {
    int common = Arrays.mismatch(lastId, id);
    common = common < 0 ? id.length : common;
    while (common > 0 && common < id.length && !beginsCharacter(id[common])) {
      common--;
    }
    shared.writeInt(common);
    rest.writeInt(id.length - common).raw(id, common, id.length - common);
    lastId = id;
  }

  /** In UTF-8. */
  private static boolean beginsCharacter(byte first) {
    return (first & 0xC0) != 0x80;
  }

  private int placeOf(byte[] encoded) {
    for (int place = 0; place < knownSites.size(); place++) {
      if (Arrays.equals(knownSites.get(place), encoded)) {
        return place;
      }
    }
    knownSites.add(encoded);
    sites.raw(encoded, 0, encoded.length);
    return knownSites.size() - 1;
  }

  /** Passes over a vector; whether it has the site and its number and no more. */
  private static boolean isDotAlone(AvroInput in, int siteAt, int siteEnd, long seq) {
    boolean alone = true;
    int entries = 0;
    for (int count = in.readBlockCount(); count > 0; count = in.readBlockCount()) {
      for (int i = 0; i < count; i++) {
        int at = in.position();
        AvroSkips.string(in);
        alone &= Arrays.equals(in.array(), siteAt, siteEnd, in.array(), at, in.position());
        alone &= in.readLong() == seq;
        entries++;
      }
    }
    return alone && entries == 1;
  }

  private static Optional<ElementHash> readHash(AvroInput in) {
    return in.readBranch(2) == 0
        ? Optional.empty()
        : Optional.of(new ElementHash(in.readFixedLong(), in.readFixedLong()));
  }
}
