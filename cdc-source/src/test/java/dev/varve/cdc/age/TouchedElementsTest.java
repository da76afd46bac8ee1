package dev.varve.cdc.age;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.graph.ElementKind;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class TouchedElementsTest {

  private static Touched touched(long id, boolean existed, @Nullable String after) {
    return new Touched(
        id,
        ElementKind.EDGE,
        existed,
        existed ? new Touched.Image("{\"before\": " + id + "}", "1", "2") : null,
        after == null ? null : new Touched.Image(after, "1", "2"));
  }

  private static List<Touched> all(TouchedElements elements) {
    List<Touched> found = new ArrayList<>();
    for (Iterator<Touched> it = elements.iterator(); it.hasNext(); ) {
      found.add(it.next());
    }
    return found;
  }

  @Test
  void lastStateCountsAndWhetherItWasThereBefore() {
    try (TouchedElements elements = new TouchedElements(1 << 20)) {
      elements.add(touched(7, true, "{\"a\": 1}"));
      elements.add(touched(5, false, "{}"));
      elements.add(touched(7, true, null));
      elements.add(touched(5, true, null));
      elements.add(touched(7, false, "{\"a\": 2}"));
      List<Touched> found = all(elements);
      assertThat(found).extracting(Touched::id).containsExactly(5L, 7L);
      assertThat(found.get(0).isNothing()).isTrue();
      assertThat(found.get(1).existed()).isTrue();
      assertThat(found.get(1).after()).isEqualTo(new Touched.Image("{\"a\": 2}", "1", "2"));
    }
  }

  /** What was put into files is the same as what stays on the heap, drops included. */
  @Test
  void filesChangeNothing() {
    long seed = Long.getLong("varve.seed", 1);
    Random random = new Random(seed);
    try (TouchedElements heap = new TouchedElements(Long.MAX_VALUE);
        TouchedElements files = new TouchedElements(5_000)) {
      for (int i = 0; i < 5_000; i++) {
        if (random.nextInt(500) == 0) {
          long first = random.nextInt(300);
          heap.drop(first, first + 50);
          files.drop(first, first + 50);
        }
        Touched touched =
            touched(
                random.nextInt(300) - 20L,
                random.nextBoolean(),
                random.nextInt(3) == 0 ? null : "{\"ü\": " + i + "}");
        heap.add(touched);
        files.add(touched);
      }
      assertThat(all(files)).as("seed %d", seed).isEqualTo(all(heap)).isNotEmpty();
    }
  }
}
