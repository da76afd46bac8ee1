package dev.varve.wire;

import dev.varve.graph.ElementId;

/**
 * What a store's log reader hands to capture in one piece: changes in the order of the log, ready
 * for the changes topic, each transaction closed by what is known of it.
 *
 * <p>A sequence of frames. {@code C}: element id (string), length and bytes of a {@code Change}
 * body. {@code S}: length and bytes of a {@code Sweep} body, behind all changes of its transaction.
 * {@code T}: the log's own position of the transaction (long), length and bytes of a {@code
 * Transaction} body. A transaction that goes on in the next batch has no {@code T} in this one.
 */
public final class LogBatch {

  private static final byte CHANGE = 'C';
  private static final byte SWEEP = 'S';
  private static final byte TRANSACTION = 'T';

  private LogBatch() {}

  /** Writes frames one after another. */
  public static final class Writer {

    private final AvroOutput out;

    public Writer(AvroOutput out) {
      this.out = out;
    }

    /** Adds a change; {@code body} is what {@link ChangeCodec} wrote. */
    public void change(ElementId id, AvroOutput body) {
      out.raw(new byte[] {CHANGE}, 0, 1).writeString(id.toString());
      out.writeLong(body.length()).raw(body.array(), 0, body.length());
    }

    /** Adds a sweep; {@code body} is what {@link SweepCodec} wrote. */
    public void sweep(AvroOutput body) {
      out.raw(new byte[] {SWEEP}, 0, 1).writeLong(body.length());
      out.raw(body.array(), 0, body.length());
    }

    /**
     * Closes a transaction; {@code body} is what {@link TransactionCodec} wrote.
     *
     * @param logPosition where the log has it (Neo4j: the append index)
     */
    public void transaction(long logPosition, AvroOutput body) {
      out.raw(new byte[] {TRANSACTION}, 0, 1).writeLong(logPosition);
      out.writeLong(body.length()).raw(body.array(), 0, body.length());
    }

    public int lengthBytes() {
      return out.length();
    }
  }

  /** Receives the frames; the inputs are cursors over the bodies, valid during the call. */
  public interface Visitor {

    /**
     * A change.
     *
     * @param key the element id as text, which is also its key in Kafka
     */
    void change(String key, AvroInput body);

    /** A sweep, which stores that name each element they remove never have. */
    default void sweep(AvroInput body) {
      throw new MalformedRecordException("found a sweep, expected none");
    }

    void transaction(long logPosition, AvroInput body);
  }

  /**
   * Reads all frames in order.
   *
   * @throws MalformedRecordException if the bytes are not frames
   */
  public static void read(byte[] batch, Visitor visitor) {
    AvroInput in = new AvroInput(batch);
    while (in.remaining() > 0) {
      byte frame = batch[in.position()];
      in.skip(1);
      if (frame == CHANGE) {
        String key = in.readString();
        visitor.change(key, body(in));
      } else if (frame == SWEEP) {
        visitor.sweep(body(in));
      } else if (frame == TRANSACTION) {
        long logPosition = in.readLong();
        visitor.transaction(logPosition, body(in));
      } else {
        throw new MalformedRecordException("found the frame " + frame + ", expected C, S or T");
      }
    }
  }

  private static AvroInput body(AvroInput in) {
    long length = in.readLong();
    if (length < 0 || length > in.remaining()) {
      throw new MalformedRecordException("found a body of " + length + " bytes");
    }
    AvroInput body = new AvroInput(in.array(), in.position(), (int) length);
    in.skip((int) length);
    return body;
  }
}
