package dev.varve.age;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.graph.Value;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The texts are what PostgreSQL 17 with AGE 1.5 gave. */
class AgtypeTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1",
        "-9223372036854775808",
        "9223372036854775807",
        "1.0",
        "-0.0",
        "NaN",
        "Infinity",
        "-Infinity",
        "0.1",
        "1.50::numeric",
        "1000::numeric",
        "-0.000000000000000000000000000001::numeric",
        "NaN::numeric",
        "Infinity::numeric",
        "true",
        "null",
        "\"a\\\\u0041 \\\" / \\n\\t\\u0001\u007f é 😀\"",
        "{}",
        "[]",
        "{\"\": 1, \"a\": null, \"x y\": true}",
        "[1, [2, {\"c\": null}], {}]",
        "{\"p\": {\"id\": 844424930131969, \"label\": \"A\", \"properties\": {\"q\": 1}}::vertex}",
        "[{\"end_id\": 2, \"id\": 1, \"label\": \"E\", \"properties\": {}, \"start_id\": 1}::edge]",
        "[{\"id\": 1, \"label\": \"A\", \"properties\": {}}::vertex]::path",
        "{\"::numeric\": \"NaN\"}",
        "{\"::map\": {\"::vertex\": {}}}",
      })
  void comesBackAsItWas(String text) {
    assertThat(write(Agtype.parse(text))).isEqualTo(text);
  }

  @Test
  void typesAreToldApart() {
    assertThat(Agtype.parse("-0")).isEqualTo(Value.Int.of(0));
    assertThat(Agtype.parse("1e+20")).isEqualTo(Value.Float.of(1e20));
    assertThat(Agtype.parse("1.50::numeric")).isEqualTo(new Value.Decimal(new BigDecimal("1.50")));
    assertThat(Agtype.parse("\"\\u0041\\ud83d\\ude00\\/\"")).isEqualTo(Value.Text.of("A😀/"));
    assertThat(Agtype.parse("NaN::numeric")).isEqualTo(tagged("::numeric", Value.Text.of("NaN")));
    assertThat(Agtype.parse("{\"::numeric\": \"NaN\"}"))
        .isEqualTo(tagged("::map", tagged("::numeric", Value.Text.of("NaN"))));
  }

  @Test
  void propertiesLeaveOutNullsAtTheTopAlone() {
    assertThat(Agtype.properties("{\"a\": null, \"b\": [null], \"c\": {\"d\": null}}"))
        .containsOnlyKeys("b", "c")
        .containsEntry("b", Value.ListOf.of(List.of(new Value.Null())));
    assertThat(Agtype.properties("{\"::map\": 1}")).containsOnlyKeys("::map");
    StringBuilder out = new StringBuilder();
    Agtype.writeProperties(Agtype.properties("{\"::map\": 1}"), out);
    assertThat(out.toString()).isEqualTo("{\"::map\": 1}");
  }

  @Test
  void randomValuesComeBack() {
    long seed = Long.getLong("varve.seed", 1);
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      Value value = value(random, 0);
      assertThat(Agtype.parse(write(value))).as("seed %d, value %d", seed, i).isEqualTo(value);
    }
  }

  @Test
  void whatAgtypeDoesNotHoldIsRefused() {
    assertRefused(new Value.Bytes(new byte[] {1}), "agtype has no Bytes");
    assertRefused(Value.Text.of("a\u0000"), "U+0000");
    assertRefused(Value.Text.of("a\ud83d"), "U+D83D");
    assertRefused(Value.Text.of("\ude00a"), "U+DE00");
    assertRefused(tagged("::numeric", Value.Text.of("1")), "::numeric");
    assertRefused(tagged("::path", Value.Int.of(1)), "::path");
    assertRefused(new Value.Decimal(new BigDecimal("1E+131072")), "131072 digits");
    assertRefused(new Value.Decimal(new BigDecimal("1E-16384")), "16383 after");
    assertRefused(nested(Agtype.DEPTH_MAX + 1), "lists and maps");
  }

  @Test
  void deepValuesComeBackAndDeeperOnesAreRefused() {
    Value deep = nested(Agtype.DEPTH_MAX);
    assertThat(write(Agtype.parse(write(deep)))).isEqualTo(write(deep));
    String deeper = "[".repeat(Agtype.DEPTH_MAX + 1) + "1" + "]".repeat(Agtype.DEPTH_MAX + 1);
    assertThatThrownBy(() -> Agtype.parse(deeper))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("lists and maps");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "{",
        "[1",
        "[1,]",
        "{\"a\" 1}",
        "\"a",
        "\"\\x\"",
        "\"\\u00g0\"",
        "1 2",
        "1::text",
        "nul",
        "{}::vertexes",
        "--1",
        "NaNa",
        "{1: 2}",
        "9223372036854775808"
      })
  void whatIsNotAgtypeIsRefused(String text) {
    assertThatThrownBy(() -> Agtype.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not agtype: expected");
  }

  @Test
  void graphidsArePutTogetherAndTakenApart() {
    assertThat(Graphid.parse("844424930131969")).isEqualTo(new Graphid(3, 1));
    assertThat(new Graphid(4, 1)).hasToString("1125899906842625");
    assertThat(Graphid.of(new Graphid(65535, Graphid.ENTRY_MAX).number()))
        .isEqualTo(new Graphid(65535, Graphid.ENTRY_MAX));
    assertThatThrownBy(() -> new Graphid(1, Graphid.ENTRY_MAX + 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void labelsAreRulesOfASchema() {
    LabelRule label = new LabelRule("Person", ElementKind.VERTEX, 3);
    assertThat(LabelRule.of(label.rule())).contains(label);
    assertThat(label.first()).hasToString("844424930131968");
    assertThat(label.last()).hasToString("1125899906842623");
    StoreSchema.Rule other =
        new StoreSchema.Rule(
            "a",
            StoreSchema.Form.CONSTRAINT,
            "UNIQUENESS",
            ElementKind.VERTEX,
            List.of(),
            List.of(),
            Optional.empty());
    assertThat(LabelRule.of(other)).isEmpty();
  }

  private static void assertRefused(Value value, String why) {
    assertThatThrownBy(() -> write(value))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(why);
  }

  private static String write(Value value) {
    StringBuilder out = new StringBuilder();
    Agtype.write(value, out);
    return out.toString();
  }

  private static Value tagged(String tag, Value value) {
    return Value.MapOf.of(Map.of(tag, value));
  }

  private static Value nested(int depth) {
    Value value = Value.Int.of(1);
    for (int i = 0; i < depth; i++) {
      value = Value.ListOf.of(List.of(value));
    }
    return value;
  }

  private static Value value(Random random, int depth) {
    switch (random.nextInt(depth < 4 ? 8 : 6)) {
      case 0:
        return Value.Int.of(random.nextBoolean() ? random.nextLong() : random.nextInt(10));
      case 1:
        return Value.Float.of(Double.longBitsToDouble(random.nextLong()));
      case 2:
        return new Value.Bool(random.nextBoolean());
      case 3:
        return new Value.Null();
      case 4:
        return new Value.Decimal(BigDecimal.valueOf(random.nextLong(), random.nextInt(40)));
      case 5:
        return Value.Text.of(text(random));
      case 6:
        List<Value> items = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
          items.add(value(random, depth + 1));
        }
        return Value.ListOf.of(items);
      default:
        Map<String, Value> entries = new TreeMap<>();
        for (int i = random.nextInt(4); i > 0; i--) {
          entries.put(text(random), value(random, depth + 1));
        }
        return Value.MapOf.of(entries);
    }
  }

  private static String text(Random random) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(6); i > 0; i--) {
      int c = 1 + random.nextInt(random.nextBoolean() ? 0x7f : Character.MAX_CODE_POINT);
      text.appendCodePoint(Character.getType(c) == Character.SURROGATE ? '\\' : c);
    }
    return text.toString();
  }
}
