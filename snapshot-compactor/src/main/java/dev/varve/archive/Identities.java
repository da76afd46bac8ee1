package dev.varve.archive;

import static dev.varve.archive.JsonTree.number;
import static dev.varve.archive.JsonTree.object;
import static dev.varve.archive.JsonTree.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.varve.change.Site;
import dev.varve.graph.ElementId;
import dev.varve.wire.AvroInput;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.MalformedRecordException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.apache.avro.SchemaBuilder;

/**
 * What the elements of a graph are called in the store that was promoted: a standby that gives ids
 * of its own knows the original ones only until it is the primary.
 *
 * @param site whose ids are the original ones
 * @param seq up to which transaction of it the standby had come
 * @param store the identity of the promoted store
 * @param elements how many there are
 * @param file the object that holds the ids
 */
public record Identities(
    String graph, Site site, long seq, String store, long elements, Manifest.StoredObject file) {

  private static final SealedJson.Format FORMAT = new SealedJson.Format("varve-identities", 1, 0);
  private static final int FORMAT_VERSION = 1;
  private static final FileSchema SCHEMA =
      FileSchema.of(
          SchemaBuilder.record("Identity")
              .namespace("dev.varve.wire")
              .doc("What an element is called in another store.")
              .fields()
              .name("key")
              .doc("the original id, with its letter")
              .type()
              .stringType()
              .noDefault()
              .name("id")
              .doc("the other store's id, without letter")
              .type()
              .stringType()
              .noDefault()
              .endRecord());

  /** Of what they are; see the record's parameters. */
  public record Of(String graph, Site site, long seq, String store) {}

  /** Hands out what each element is called. */
  public interface Source {

    /** Each element once: its original id, and the store's. */
    void each(BiConsumer<ElementId, String> receiver);
  }

  /**
   * Those that were kept when capture of a site stood at a transaction.
   *
   * @throws DamagedException if they cannot be read
   * @throws IOException if the repository cannot be read
   */
  public static Optional<Identities> load(Repository repository, String graph, Site site, long seq)
      throws IOException {
    String key = Keys.identities(graph, site, seq);
    try {
      return Optional.of(parse(graph, key, Transfer.bytesOf(repository, key)));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  /** Reads what an object says, without the ids. */
  static Identities parse(String graph, String key, byte[] content) throws DamagedException {
    return SealedJson.read(key, content, FORMAT, json -> read(graph, json));
  }

  /**
   * Keeps them, unless there are some already: the first ones were whole.
   *
   * @param directory for the file while it is written
   * @throws IOException if the repository cannot be written to; nothing is kept then
   */
  public static void keep(Repository repository, Path directory, Of of, Source source)
      throws IOException {
    String graph = of.graph();
    Site site = of.site();
    long seq = of.seq();
    String key = Keys.identities(graph, site, seq);
    if (repository.sizeBytes(key).isPresent()) {
      return;
    }
    Path file = directory.resolve("identities.avro");
    long[] elements = {0};
    Manifest.StoredObject written;
    try (ContainerWriter container =
        new ContainerWriter(file, SCHEMA, FORMAT_VERSION, ContainerWriter.ZSTD_LEVEL_USUAL)) {
      AvroOutput entry = new AvroOutput();
      source.each(
          (original, id) -> {
            entry.clear().writeString(original.toString()).writeString(id);
            try {
              container.append(entry.array(), 0, entry.length());
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
            elements[0]++;
          });
      written = container.finish("identities");
    } catch (UncheckedIOException e) {
      throw new IOException(e.getMessage(), e);
    }
    Manifest.StoredObject object =
        new Manifest.StoredObject(
            Keys.identitiesPart(graph, site, seq, written.sha256()),
            written.bytes(),
            written.sha256());
    Transfer.insist("write " + object.key(), () -> repository.create(object.key(), file));
    byte[] json = write(new Identities(graph, site, seq, of.store(), elements[0], object));
    Transfer.insist("write " + key, () -> repository.create(key, json));
    Files.deleteIfExists(file);
  }

  /**
   * Reads all of them.
   *
   * @throws DamagedException if the object is not as it should be
   * @throws IOException if the repository cannot be read
   */
  public void each(Repository repository, BiConsumer<ElementId, String> receiver)
      throws IOException {
    try (ContainerReader container = ContainerReader.open(repository, file, List.of(SCHEMA))) {
      for (ContainerReader.Block block = container.next();
          block != null;
          block = container.next()) {
        AvroInput in = block.data();
        for (long left = block.count(); left > 0; left--) {
          receiver.accept(ElementId.parse(in.readString()), in.readString());
        }
      }
    } catch (MalformedRecordException | IllegalArgumentException e) {
      throw new DamagedException(file.key(), String.valueOf(e.getMessage()), e);
    }
  }

  private static byte[] write(Identities identities) {
    ObjectNode json = SealedJson.begin(FORMAT);
    json.put("graph", identities.graph());
    json.put("site", identities.site().toString());
    json.put("seq", identities.seq());
    json.put("store", identities.store());
    json.put("elements", identities.elements());
    json.putObject("file")
        .put("key", identities.file().key())
        .put("bytes", identities.file().bytes())
        .put("sha256", identities.file().sha256());
    return SealedJson.seal(SealedJson.open(json));
  }

  private static Identities read(String graph, JsonNode json) {
    JsonNode file = object(json, "file");
    return new Identities(
        graph,
        Site.parse(text(json, "site")),
        number(json, "seq"),
        text(json, "store"),
        number(json, "elements"),
        new Manifest.StoredObject(text(file, "key"), number(file, "bytes"), text(file, "sha256")));
  }
}
