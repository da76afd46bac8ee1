package dev.varve.wire;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;

/**
 * Confluent's wire format: a zero byte, the schema's id in four bytes, big endian, and the record
 * in Avro's binary encoding. The subject of a schema is its full record name.
 *
 * <p>Records are always written with this version's newest schemas. A record that another version
 * of Varve wrote is turned into the newest schema's layout when it is opened, so that the codecs
 * meet one layout only; for this version's own records that is no work.
 *
 * <p>Thread-safe. Invariants: {@code newestIds} holds the id of each kind's newest schema; {@code
 * others} grows only by ids that the registry answered for.
 */
public final class Wire implements AutoCloseable {

  /** The bytes before the Avro body. */
  public static final int HEADER_BYTES = 5;

  private static final byte MAGIC = 0;
  private static final RecordKind[] KINDS = RecordKind.values();

  private final SchemaCatalog catalog;
  private final Registry registry;
  private final int[] newestIds;
  private final Map<Integer, Writer> others = new ConcurrentHashMap<>();

  /** An opened record: its kind and a cursor over its body in the newest schema's layout. */
  public record Body(RecordKind kind, AvroInput input) {}

  /** How to read what was written with some other id; no resolution if the layouts are the same. */
  private record Writer(RecordKind kind, Optional<Resolution> resolution) {}

  private Wire(SchemaCatalog catalog, Registry registry, int[] newestIds) {
    this.catalog = catalog;
    this.registry = registry;
    this.newestIds = newestIds;
  }

  /**
   * Connects to the registry and gets the ids of this version's schemas, which are registered if
   * the registry does not have them.
   *
   * @throws VarveException if the registry cannot be reached, refuses, or has incompatible schemas
   */
  public static Wire open(RegistryConfig config) {
    return open(config, SchemaCatalog.load());
  }

  static Wire open(RegistryConfig config, SchemaCatalog catalog) {
    Registry registry = Registry.open(config, catalog);
    try {
      int[] ids = new int[KINDS.length];
      for (RecordKind kind : KINDS) {
        ids[kind.ordinal()] = registry.idOf(kind, catalog.newest(kind));
      }
      return new Wire(catalog, registry, ids);
    } catch (RuntimeException e) {
      registry.close();
      throw e;
    }
  }

  /** The id of the schema that records of the kind are written with. */
  public int idOf(RecordKind kind) {
    return newestIds[kind.ordinal()];
  }

  /** A Kafka value of what a codec wrote. */
  public byte[] frame(RecordKind kind, AvroOutput body) {
    return frame(kind, body.array(), 0, body.length());
  }

  /** A Kafka value of a body in the newest schema's layout. */
  public byte[] frame(RecordKind kind, byte[] body, int offset, int count) {
    byte[] value = new byte[Math.addExact(HEADER_BYTES, count)];
    int id = newestIds[kind.ordinal()];
    value[0] = MAGIC;
    value[1] = (byte) (id >>> 24);
    value[2] = (byte) (id >>> 16);
    value[3] = (byte) (id >>> 8);
    value[4] = (byte) id;
    System.arraycopy(body, offset, value, HEADER_BYTES, count);
    return value;
  }

  /**
   * Opens a Kafka value.
   *
   * @throws VarveException if it is not in the wire format, or its schema is unknown or not Varve's
   * @throws MalformedRecordException if the body is not a record of the schema that it names; for
   *     this version's own schemas the codec finds that
   */
  public Body open(byte[] value) {
    int id = idIn(value);
    for (int i = 0; i < newestIds.length; i++) {
      if (newestIds[i] == id) {
        return new Body(KINDS[i], rest(value));
      }
    }
    Writer writer = others.get(id);
    if (writer == null) {
      writer = writerOf(id);
      others.put(id, writer);
    }
    if (writer.resolution().isEmpty()) {
      return new Body(writer.kind(), rest(value));
    }
    byte[] resolved =
        writer.resolution().get().apply(value, HEADER_BYTES, value.length - HEADER_BYTES);
    return new Body(writer.kind(), new AvroInput(resolved));
  }

  @Override
  public void close() {
    registry.close();
  }

  private static AvroInput rest(byte[] value) {
    return new AvroInput(value, HEADER_BYTES, value.length - HEADER_BYTES);
  }

  private static int idIn(byte[] value) {
    if (value.length < HEADER_BYTES || value[0] != MAGIC) {
      throw new VarveException(
          ExitCode.FAILED,
          value.length < HEADER_BYTES
              ? "a record of " + value.length + " bytes is too short for Confluent's wire format"
              : "a record begins with the byte " + value[0] + ", Confluent's wire format with 0",
          "the topic holds records that are not Varve's; look for who else writes to it");
    }
    return (value[1] & 0xFF) << 24
        | (value[2] & 0xFF) << 16
        | (value[3] & 0xFF) << 8
        | (value[4] & 0xFF);
  }

  private Writer writerOf(int id) {
    Schema schema = registry.schemaOf(id);
    RecordKind kind =
        RecordKind.ofFullName(schema.getFullName())
            .orElseThrow(
                () ->
                    new VarveException(
                        ExitCode.FAILED,
                        "schema " + id + " is " + schema.getFullName() + ", which is not Varve's",
                        "the topic holds records that are not Varve's, or 'registry' names another"
                            + " registry than its writer used"));
    Schema newest = catalog.newest(kind);
    if (sameLayout(schema, newest)) {
      return new Writer(kind, Optional.empty());
    }
    Resolution resolution = new Resolution(schema, newest);
    if (!resolution.isPossible()) {
      throw new VarveException(
          ExitCode.FAILED,
          "schema "
              + id
              + " of "
              + kind.fullName()
              + " cannot be read by this version: "
              + Resolution.incompatibilities(schema, newest),
          "use the version of Varve that wrote the record, or a newer one");
    }
    return new Writer(kind, Optional.of(resolution));
  }

  private static boolean sameLayout(Schema one, Schema other) {
    return SchemaNormalization.toParsingForm(one).equals(SchemaNormalization.toParsingForm(other));
  }
}
