package dev.varve.age;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementKind;
import dev.varve.graph.RandomGraph;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.wire.AvroInput;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.ElementCodec;
import dev.varve.wire.MalformedRecordException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What it writes is what goes by way of the values, or is refused where that is. */
final class AgtypeEncoderTest {

  private final ElementCodec codec = new ElementCodec();
  private final AgtypeEncoder encoder = new AgtypeEncoder();

  @Test
  void randomElementsAreWrittenAsTheirValuesAre() {
    long seed = Long.getLong("varve.seed", 1);
    RandomGraph graph = new RandomGraph(new Random(seed));
    int held = 0;
    for (int i = 0; i < 20_000; i++) {
      Element element = graph.element(i % 2 == 0 ? ElementKind.VERTEX : ElementKind.EDGE);
      Optional<String> expected = byValues(element);
      Optional<String> encoded;
      try {
        encoded = Optional.of(encoded(element));
      } catch (IllegalArgumentException e) {
        encoded = Optional.empty();
      }
      assertThat(encoded).as("seed %d, element %d: %s", seed, i, element).isEqualTo(expected);
      held += expected.isPresent() ? 1 : 0;
    }
    assertThat(held).isBetween(1_000, 19_000);
  }

  @Test
  void numbersOfEveryLengthAreWrittenInFull() {
    Random random = new Random(7);
    for (int bits = 0; bits < 64; bits++) {
      for (long number : new long[] {1L << bits, (1L << bits) - 1, random.nextLong() >> bits}) {
        assertSame(Map.of("a", Value.Int.of(number), "b", Value.Int.of(-number)));
      }
    }
    for (long number = 1; number > 0 && number <= Long.MAX_VALUE / 10; number *= 10) {
      assertSame(Map.of("a", Value.Int.of(number), "b", Value.Int.of(number - 1)));
    }
  }

  @Test
  void whatIsEscapedIsEscaped() {
    StringBuilder all = new StringBuilder("é日😀\u007f");
    for (char c = 1; c < 128; c++) {
      all.append(c).append('x');
    }
    assertSame(Map.of(all.toString(), Value.Text.of(all.toString()), "", Value.Text.of("\"")));
  }

  @Test
  void whatStandsForSomethingElseIsWrittenAsThat() {
    Value vertex = Agtype.parse("{\"id\": 1, \"label\": \"A\", \"properties\": {}}::vertex");
    Value path = Agtype.parse("[{\"id\": 1, \"label\": \"A\", \"properties\": {}}::vertex]::path");
    assertSame(
        Map.of(
            "v", vertex,
            "p", Value.ListOf.of(List.of(path, Agtype.parse("NaN::numeric"))),
            "m", Agtype.parse("{\"::numeric\": \"NaN\"}"),
            "n", Value.MapOf.of(Map.of("a", vertex, "::x", new Value.Null())),
            "o", Value.MapOf.of(Map.of("::a", Value.Int.of(1), "b", Value.Int.of(2))),
            "d", new Value.Decimal(new BigDecimal("-1.50")),
            "i", Value.Float.of(Double.NEGATIVE_INFINITY)));
  }

  @Test
  void whatPostgresqlCannotHoldIsRefused() {
    Vertex zero = Vertex.of(Set.of(), Map.of("a", Value.Text.of("x\u0000")));
    assertThatThrownBy(() -> encoded(zero))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("U+0000");
    byte[] surrogate = state(Vertex.of(Set.of(), Map.of("a", Value.Text.of("日"))));
    for (int i = 0; i < surrogate.length; i++) {
      if (surrogate[i] == (byte) 0xE6) {
        surrogate[i] = (byte) 0xED;
        surrogate[i + 1] = (byte) 0xA0;
      }
    }
    assertThatThrownBy(() -> encoded(surrogate))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("surrogates");
    Value deep = Value.Int.of(1);
    for (int i = 0; i <= Agtype.DEPTH_MAX; i++) {
      deep = Value.ListOf.of(List.of(deep));
    }
    Vertex deeper = Vertex.of(Set.of(), Map.of("a", deep));
    assertThatThrownBy(() -> encoded(deeper)).hasMessageContaining("lists and maps");
  }

  @Test
  void bytesThatEndTooEarlyAreNoProperties() {
    byte[] state = state(Edge.of("T", "1", "2", Map.of("a", Value.Text.of("abc"))));
    for (int length = 0; length < state.length; length++) {
      AvroInput in = new AvroInput(state, 0, length);
      assertThatThrownBy(
              () -> {
                assertThat(ElementCodec.readCalled(in).labels()).containsExactly("T");
                assertThat(in.readString()).isEqualTo("1");
                assertThat(in.readString()).isEqualTo("2");
                encoder.properties(in);
              })
          .isInstanceOf(MalformedRecordException.class);
    }
  }

  private void assertSame(Map<String, Value> properties) {
    Vertex vertex = Vertex.of(Set.of("A"), properties);
    assertThat(encoded(vertex)).isEqualTo(byValues(vertex).orElseThrow());
  }

  private static Optional<String> byValues(Element element) {
    StringBuilder text = new StringBuilder();
    try {
      Agtype.writeProperties(
          element instanceof Edge edge ? edge.properties() : ((Vertex) element).properties(), text);
      return Optional.of(text.toString());
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private String encoded(Element element) {
    return encoded(state(element));
  }

  private String encoded(byte[] state) {
    AvroInput in = new AvroInput(state);
    if (ElementCodec.readCalled(in).kind() == ElementKind.EDGE) {
      in.skipBytes();
      in.skipBytes();
    }
    encoder.properties(in);
    in.expectEnd();
    return new String(encoder.array(), 0, encoder.length(), StandardCharsets.UTF_8);
  }

  private byte[] state(Element element) {
    AvroOutput out = new AvroOutput();
    codec.writeState(Optional.of(element), out);
    return out.toByteArray();
  }
}
