package dev.varve.archive;

import dev.varve.graph.Element;
import dev.varve.graph.ElementHash;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.wire.AvroInput;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.ElementCodec;
import dev.varve.wire.MalformedRecordException;
import java.util.Arrays;
import java.util.Optional;

/**
 * The way between a version as the tables have it (under its id: {@code SegmentEntry}) and as a
 * base has it ({@code SegmentElement}), both encoded.
 *
 * <p>A base leaves out the hash of the state, which is made again of the state, and what the
 * version replaced, which only deltas are asked for. It has weight and vector only if they tell
 * more than the dot: with one site, and without conflicts, they do not.
 *
 * <p>Keeps buffers, so one instance serves one thread.
 */
final class ElementRecord {

  private static final int NOTHING_MORE_SEEN = 0;
  private static final int MORE_SEEN = 1;

  /** Seq, index, commit time, weight. */
  private static final int NUMBERS_BEFORE_VECTOR = 4;

  private final ElementKind kind;
  private final ElementCodec states = new ElementCodec();
  private final ElementHasher hasher = new ElementHasher();

  ElementRecord(ElementKind kind) {
    this.kind = kind;
  }

  /**
   * Writes a version as a base has it.
   *
   * @param in stands at a {@code SegmentEntry}, and ends with it
   * @param check whether to see that the state has the hash that is left out
   * @throws StateMismatchException if it has not
   */
  void pack(String id, AvroInput in, boolean check, AvroOutput out) {
    byte[] bytes = in.array();
    int idAt = in.position();
    skipString(in);
    int siteAt = in.position();
    skipString(in);
    int siteEnd = in.position();
    long seq = in.readLong();
    long index = in.readLong();
    long committedAt = in.readLong();
    long weight = in.readLong();
    int vectorAt = in.position();
    boolean implied = isDotAlone(in, siteAt, siteEnd, seq) && weight == seq;
    int vectorEnd = in.position();
    Optional<ElementHash> hash = readHash(in);
    readHash(in);
    int restAt = in.position();
    if (check) {
      checkState(id, in, hash);
    } else {
      in.skip(in.remaining());
    }
    out.raw(bytes, idAt, siteAt - idAt).writeLong(index).raw(bytes, siteAt, siteEnd - siteAt);
    out.writeLong(seq).writeLong(committedAt);
    if (implied) {
      out.writeInt(NOTHING_MORE_SEEN);
    } else {
      out.writeInt(MORE_SEEN).writeLong(weight).raw(bytes, vectorAt, vectorEnd - vectorAt);
    }
    out.raw(bytes, restAt, in.position() - restAt);
  }

  /**
   * Sees that a version's state has the hash that it carries.
   *
   * @param version as the tables have it, without the id
   * @throws StateMismatchException if it has not
   */
  void check(String id, AvroInput version) {
    skipString(version);
    for (int number = 0; number < NUMBERS_BEFORE_VECTOR; number++) {
      version.readLong();
    }
    skipVector(version);
    Optional<ElementHash> hash = readHash(version);
    readHash(version);
    checkState(id, version, hash);
  }

  private void checkState(String id, AvroInput in, Optional<ElementHash> hash) {
    skipToState(in);
    if (!hashOf(id, in).equals(hash)) {
      throw new StateMismatchException(new ElementId(kind, id));
    }
    in.expectEnd();
  }

  /**
   * Writes a version as the tables have it: {@link #pack} the other way round, with the hash made
   * anew of the state.
   *
   * @param id what the record begins with
   * @param in stands behind the id of a {@code SegmentElement}, and then at its end
   * @throws MalformedRecordException if the bytes are not such a record
   */
  void unpack(String id, AvroInput in, AvroOutput out) {
    byte[] bytes = in.array();
    long index = in.readLong();
    int siteAt = in.position();
    skipString(in);
    int siteEnd = in.position();
    long seq = in.readLong();
    long committedAt = in.readLong();
    out.raw(bytes, siteAt, siteEnd - siteAt).writeLong(seq).writeLong(index);
    out.writeLong(committedAt);
    if (in.readBranch(2) == NOTHING_MORE_SEEN) {
      out.writeLong(seq).writeInt(1).raw(bytes, siteAt, siteEnd - siteAt).writeLong(seq);
      out.writeInt(0);
    } else {
      out.writeLong(in.readLong());
      int vectorAt = in.position();
      skipVector(in);
      out.raw(bytes, vectorAt, in.position() - vectorAt);
    }
    int restAt = in.position();
    skipToState(in);
    Optional<ElementHash> hash = hashOf(id, in);
    if (hash.isPresent()) {
      out.writeInt(1).writeFixedLong(hash.get().high()).writeFixedLong(hash.get().low());
    } else {
      out.writeInt(0);
    }
    out.writeInt(0);
    out.raw(bytes, restAt, in.position() - restAt);
  }

  private Optional<ElementHash> hashOf(String id, AvroInput in) {
    Optional<Element> state;
    try {
      state = states.readState(in);
    } catch (IllegalArgumentException e) {
      throw new MalformedRecordException(String.valueOf(e.getMessage()), e);
    }
    if (state.isEmpty()) {
      return Optional.empty();
    }
    if (state.get().kind() != kind) {
      throw new MalformedRecordException("the state of a " + state.get().kind() + " in " + id);
    }
    return Optional.of(hasher.hash(new ElementId(kind, id), state.get()));
  }

  /** Reads a vector; whether it has the site and its number and no more. */
  private static boolean isDotAlone(AvroInput in, int siteAt, int siteEnd, long seq) {
    boolean alone = true;
    int entries = 0;
    for (int count = in.readBlockCount(); count > 0; count = in.readBlockCount()) {
      for (int i = 0; i < count; i++) {
        int at = in.position();
        skipString(in);
        byte[] bytes = in.array();
        alone &= Arrays.equals(bytes, siteAt, siteEnd, bytes, at, in.position());
        alone &= in.readLong() == seq;
        entries++;
      }
    }
    return alone && entries == 1;
  }

  private static void skipVector(AvroInput in) {
    for (int count = in.readBlockCount(); count > 0; count = in.readBlockCount()) {
      for (int i = 0; i < count; i++) {
        skipString(in);
        in.readLong();
      }
    }
  }

  /** Passes over whether it lost, and over altered labels and properties. */
  private static void skipToState(AvroInput in) {
    in.readBoolean();
    skipStrings(in);
    skipStrings(in);
  }

  private static void skipStrings(AvroInput in) {
    for (int count = in.readBlockCount(); count > 0; count = in.readBlockCount()) {
      for (int i = 0; i < count; i++) {
        skipString(in);
      }
    }
  }

  private static Optional<ElementHash> readHash(AvroInput in) {
    return in.readBranch(2) == 0
        ? Optional.empty()
        : Optional.of(new ElementHash(in.readFixedLong(), in.readFixedLong()));
  }

  private static void skipString(AvroInput in) {
    in.skip(in.readInt());
  }
}
