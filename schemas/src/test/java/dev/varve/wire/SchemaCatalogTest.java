package dev.varve.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SchemaCatalogTest {

  private final SchemaCatalog catalog = SchemaCatalog.load();

  /** Records in Kafka carry these ids. A new version goes to the end of the list. */
  @Test
  void idsNeverChange() {
    assertThat(catalog.entries())
        .extracting(entry -> entry.kind() + " v" + entry.version())
        .startsWith(
            "CHANGE v1",
            "ELEMENT_VERSION v1",
            "WATERMARK v1",
            "TRANSACTION v1",
            "CONFLICT v1",
            "SWEEP v1");
  }

  @Test
  void everySchemaFileIsInTheCatalogue() throws IOException {
    Path root = Path.of("src/main/avro");
    try (Stream<Path> files = Files.walk(root)) {
      List<String> found =
          files
              .filter(file -> file.toString().endsWith(".avsc"))
              .map(file -> root.relativize(file).toString())
              .toList();
      assertThat(catalog.entries())
          .extracting(entry -> entry.kind().directory() + "/v" + entry.version() + ".avsc")
          .containsExactlyInAnyOrderElementsOf(found);
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyPairOfVersionsIsFullyCompatible(RecordKind kind) {
    List<Schema> history = catalog.history(kind);
    for (Schema one : history) {
      for (Schema other : history) {
        assertThat(Resolution.incompatibilities(one, other)).isEmpty();
      }
    }
  }

  /** What makes the test above mean something. */
  @Test
  void aFieldWithoutDefaultIsNotCompatible() {
    Schema watermark = catalog.newest(RecordKind.WATERMARK);
    Schema wider = SchemaVersions.withField(watermark, "added", Schema.create(Schema.Type.LONG));

    assertThat(Resolution.incompatibilities(watermark, wider))
        .singleElement()
        .asString()
        .contains("READER_FIELD_MISSING_DEFAULT_VALUE");
  }
}
