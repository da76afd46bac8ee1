package dev.varve.age;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.graph.CanonicalForm;
import dev.varve.graph.ElementKind;
import dev.varve.graph.RandomGraph;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The form that it makes is the one that goes by way of the values. */
class AgtypeFormTest {

  private final AgtypeForm form = new AgtypeForm();

  @Test
  void randomPropertiesGetTheFormOfTheirValues() {
    long seed = Long.getLong("varve.seed", 5);
    RandomGraph graph = new RandomGraph(new Random(seed));
    int held = 0;
    for (int i = 0; i < 10_000; i++) {
      Vertex vertex = (Vertex) graph.element(ElementKind.VERTEX);
      StringBuilder text = new StringBuilder();
      try {
        Agtype.writeProperties(vertex.properties(), text);
      } catch (IllegalArgumentException e) {
        continue; // AGE has no such value
      }
      held++;
      assertThat(direct(text.toString()))
          .as("repeat with -Dvarve.seed=%d, element %d: %s", seed, i, text)
          .isEqualTo(byValues(text.toString()));
    }
    assertThat(held).isGreaterThan(500);
  }

  /** Flat ones of the plain types, which are what most elements have, in AGE's order of keys. */
  @Test
  void plainPropertiesGetTheFormOfTheirValues() {
    long seed = Long.getLong("varve.seed", 6);
    Random random = new Random(seed);
    List<String> keys = List.of("a", "b", "since", "weight", "née", "日本", "\uE000", "😀", "zz", "");
    for (int i = 0; i < 10_000; i++) {
      Map<String, Value> properties = new HashMap<>();
      for (int n = random.nextInt(6); n > 0; n--) {
        properties.put(keys.get(random.nextInt(keys.size())), plain(random));
      }
      String text = inAgesOrder(properties);
      assertThat(direct(text))
          .as("repeat with -Dvarve.seed=%d, element %d: %s", seed, i, text)
          .isEqualTo(byValues(text));
    }
  }

  private static Value plain(Random random) {
    return switch (random.nextInt(7)) {
      case 0 -> Value.Int.of(random.nextLong() >> random.nextInt(Long.SIZE));
      case 1 -> Value.Float.of(random.nextDouble());
      case 2 -> Value.Float.of(Double.longBitsToDouble(random.nextLong()));
      case 3 -> new Value.Bool(random.nextBoolean());
      case 4 -> new Value.Null();
      case 5 -> Value.Text.of("größer 日本 😀 " + random.nextInt());
      default -> Value.Text.of(random.nextBoolean() ? "" : "with \"quotes\" and \\");
    };
  }

  /** By length, then by bytes. */
  private static String inAgesOrder(Map<String, Value> properties) {
    StringBuilder text = new StringBuilder("{");
    properties.entrySet().stream()
        .sorted(
            (a, b) -> {
              byte[] left = a.getKey().getBytes(StandardCharsets.UTF_8);
              byte[] right = b.getKey().getBytes(StandardCharsets.UTF_8);
              return left.length != right.length
                  ? Integer.compare(left.length, right.length)
                  : Arrays.compareUnsigned(left, right);
            })
        .forEach(
            entry -> {
              text.append(text.length() > 1 ? ", " : "");
              Agtype.write(Value.Text.of(entry.getKey()), text);
              text.append(": ");
              Agtype.write(entry.getValue(), text);
            });
    return text.append('}').toString();
  }

  @Test
  void whatIsUnusualGetsTheFormOfItsValuesToo() {
    for (String text :
        List.of(
            "{}",
            " { } ",
            "{\"a\":1,\"b\":-0}",
            "{\"a\": 1e5, \"b\": -1.5E-7, \"c\": 1.0}",
            "{\"a\": 9223372036854775807, \"b\": -9223372036854775808, \"c\": 1234567890123456789}",
            "{\"a\": NaN, \"b\": -Infinity, \"c\": Infinity, \"d\": 1.50::numeric}",
            "{\"a\": {\"b\": null}, \"c\": [1, [2.5, \"x\"]], \"d\": null}",
            "{\"a\\u0041\": \"\\n\"}",
            "{\"b\": 1, \"a\": 2, \"a\": 3}",
            "{\"a\": null, \"b\": null}")) {
      assertThat(direct(text)).as(text).isEqualTo(byValues(text));
    }
  }

  @Test
  void whatIsNoMapIsRefused() {
    for (String text :
        List.of(
            "",
            "[]",
            "{",
            "{\"a\": 1",
            "{\"a\": 1} x",
            "{\"a\" 1}",
            "{\"a\": 1.2-3}",
            "{\"a\": -}")) {
      assertThatThrownBy(() -> direct(text)).as(text).isInstanceOf(IllegalArgumentException.class);
    }
  }

  private byte[] direct(String text) {
    byte[] padded = ("xx" + text + "yy").getBytes(StandardCharsets.UTF_8);
    CanonicalForm out = new CanonicalForm().edge().text("T");
    form.properties(padded, 2, padded.length - 4, out);
    return Arrays.copyOf(out.array(), out.length());
  }

  private static byte[] byValues(String text) {
    CanonicalForm out = new CanonicalForm().edge().text("T");
    out.properties(Agtype.properties(text));
    return Arrays.copyOf(out.array(), out.length());
  }
}
