package dev.varve.graph;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.topology.Fingerprint;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ElementHasherTest {

  private static final ElementId ID = ElementId.vertex("42");

  private final ElementHasher hasher = new ElementHasher();

  /** The example of docs/format/topology.md. */
  @Test
  void aVertexIsHashedByItsCanonicalForm() throws Exception {
    Vertex ada =
        Vertex.of(
            Set.of("Person", "Author"),
            Map.of("name", Value.Text.of("Ada"), "born", Value.Int.of(1815)));
    String form =
        "56" // V
            + "00000002"
            + "3432" // its id, 42
            + "00000002" // labels
            + "00000006"
            + "417574686f72" // Author
            + "00000006"
            + "506572736f6e" // Person
            + "00000002" // properties
            + "00000004"
            + "626f726e"
            + "02"
            + "0000000000000717" // born: 1815
            + "00000004"
            + "6e616d65"
            + "05"
            + "00000003"
            + "416461"; // name: Ada

    assertThat(hasher.hash(ID, ada)).isEqualTo(hashOf(form));
    assertThat(hasher.hash(ID, ada)).hasToString("514cf4c604e0c17abb9ee9bd10435b22");
  }

  /** The example of docs/format/topology.md. */
  @Test
  void anEdgeIsHashedWithoutItsId() throws Exception {
    Edge knows = Edge.of("KNOWS", "42", "7", Map.of());
    String form =
        "45" // E
            + "00000005"
            + "4b4e4f5753" // KNOWS
            + "00000002"
            + "3432" // from 42
            + "00000001"
            + "37" // to 7
            + "00000000"; // properties

    assertThat(hasher.hash(ElementId.edge("1"), knows)).isEqualTo(hashOf(form));
    assertThat(hasher.hash(ElementId.edge("2"), knows)).isEqualTo(hashOf(form));
    assertThat(hasher.hash(ElementId.edge("1"), knows))
        .hasToString("b9c5a25b907f8989f0c375b1c852a370");
  }

  /** The example of docs/format/topology.md. */
  @Test
  void aFingerprintIsTheSumOfTheHashes() {
    assertThat(
            Fingerprint.EMPTY
                .plus(Fingerprint.parse("514cf4c604e0c17abb9ee9bd10435b22"))
                .plus(Fingerprint.parse("b9c5a25b907f8989f0c375b1c852a370")))
        .hasToString("0b12972195604b04ac625f6ed895fe92");
  }

  @Test
  void widthsAreNotContent() {
    assertThat(hash(new Value.Int(7, Value.IntWidth.INT8))).isEqualTo(hash(Value.Int.of(7)));
    assertThat(hash(new Value.Float(0.5, Value.FloatWidth.FLOAT32)))
        .isEqualTo(hash(Value.Float.of(0.5)));
    assertThat(hash(new Value.Text("x", true))).isEqualTo(hash(Value.Text.of("x")));
    assertThat(hash(new Value.ListOf(List.of(), Optional.of("int[]"))))
        .isEqualTo(hash(Value.ListOf.of(List.of())));
    assertThat(hash(new Value.Decimal(new BigDecimal("1.50"))))
        .isEqualTo(hash(new Value.Decimal(new BigDecimal("1.5"))));
  }

  @Test
  void typesAndSignsAreContent() {
    assertThat(hash(Value.Int.of(1))).isNotEqualTo(hash(Value.Float.of(1)));
    assertThat(hash(Value.Float.of(0.0))).isNotEqualTo(hash(Value.Float.of(-0.0)));
    assertThat(hash(Value.Text.of("1"))).isNotEqualTo(hash(Value.Int.of(1)));
    assertThat(hash(Value.ListOf.of(List.of()))).isNotEqualTo(hash(Value.MapOf.of(Map.of())));
    assertThat(hash(new Value.Decimal(BigDecimal.ONE))).isNotEqualTo(hash(Value.Int.of(1)));
  }

  @Test
  void everyNotANumberIsTheSame() {
    double other = Double.longBitsToDouble(0x7ff8_0000_0000_0001L);
    assertThat(hash(Value.Float.of(other))).isEqualTo(hash(Value.Float.of(Double.NaN)));
  }

  /** What moves a boundary between two strings changes the hash. */
  @Test
  void lengthsArePartOfTheForm() {
    Edge one = Edge.of("AB", "1", "2", Map.of());
    Edge other = Edge.of("A", "B1", "2", Map.of());
    assertThat(hasher.hash(ElementId.edge("1"), one))
        .isNotEqualTo(hasher.hash(ElementId.edge("1"), other));
  }

  private ElementHash hash(Value value) {
    return hasher.hash(ID, Vertex.of(Set.of(), Map.of("p", value)));
  }

  private static ElementHash hashOf(String form) throws Exception {
    ByteBuffer digest =
        ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(HexFormat.of().parseHex(form)));
    return new ElementHash(digest.getLong(), digest.getLong());
  }
}
