package dev.varve.compact;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.tail.Cut;
import dev.varve.tail.Insistence;
import dev.varve.tail.Retry;
import dev.varve.tail.SortEntry;
import dev.varve.tail.VersionSorter;
import dev.varve.topology.ElementVersion;
import dev.varve.topology.Fingerprint;
import dev.varve.topology.VersionDigest;
import dev.varve.topology.VersionHeader;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.Topics;
import dev.varve.wire.VersionCodec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VersionSorterTest {

  private static final Comparator<ElementVersion> ORDER =
      Comparator.comparing(ElementVersion::id)
          .thenComparing(version -> version.header().digest(), VersionDigest.ORDER);

  @TempDir Path directory;

  private final VersionCodec codec = new VersionCodec();
  private final AvroOutput buffer = new AvroOutput();
  private long offset;

  @Test
  void everythingComesOutInOrderWhateverTheMemory() throws Exception {
    long seed = Long.getLong("varve.seed", 1);
    for (long budget : new long[] {1000, 20_000, 300_000, 1 << 26}) {
      List<ElementVersion> versions = randomVersions(new Random(seed), 2500);
      try (VersionSorter sorter =
          new VersionSorter(Files.createTempDirectory(directory, "s"), budget)) {
        for (ElementVersion version : versions) {
          add(sorter, version);
        }
        assertThat(sorter.count()).isEqualTo(versions.size());
        versions.sort(ORDER);
        try (VersionSorter.Merge merge = sorter.merge()) {
          assertThat(drain(merge))
              .as("-Dvarve.seed=%d, budget %d", seed, budget)
              .isEqualTo(versions);
        }
        try (VersionSorter.Merge again = sorter.merge()) {
          assertThat(drain(again)).as("nothing was committed").isEqualTo(versions);
        }
      }
    }
    try (Stream<Path> left = Files.walk(directory)) {
      assertThat(left.filter(Files::isRegularFile)).isEmpty();
    }
  }

  @Test
  void whatIsKeptStaysAndMoreCanBeAdded() throws Exception {
    long seed = Long.getLong("varve.seed", 1);
    Random random = new Random(seed);
    for (long budget : new long[] {5000, 1 << 26}) {
      List<ElementVersion> expected = new ArrayList<>();
      try (VersionSorter sorter =
          new VersionSorter(Files.createTempDirectory(directory, "s"), budget)) {
        for (int round = 0; round < 6; round++) {
          for (ElementVersion version : randomVersions(random, 300)) {
            add(sorter, version);
            expected.add(version);
          }
          expected.sort(ORDER);
          List<ElementVersion> kept = new ArrayList<>();
          boolean fails = random.nextInt(3) == 0;
          try (VersionSorter.Merge merge = sorter.merge()) {
            for (ElementVersion version : expected) {
              assertThat(merge.next()).isTrue();
              assertThat(read(merge)).as("-Dvarve.seed=%d", seed).isEqualTo(version);
              if (random.nextInt(4) == 0) {
                merge.keep();
                kept.add(version);
              }
            }
            assertThat(merge.next()).isFalse();
            if (!fails) {
              merge.seal();
              merge.commit();
              expected = kept;
            }
          }
          assertThat(sorter.count()).isEqualTo(expected.size());
        }
      }
    }
  }

  /**
   * What a base of many elements takes: run it with a small heap and {@code
   * -Dvarve.elements=5000000}.
   */
  @Test
  void aLargeBaseIsLaidDownWithinTheBudget() throws Exception {
    int elements = Integer.getInteger("varve.elements", 50_000);
    Repository repository = new DirectoryRepository(directory.resolve("repository"));
    Publisher publisher = new Publisher(repository, new Insistence(Retry.USUAL, "none"));
    Random random = new Random(1);
    ElementHasher hasher = new ElementHasher();
    Fingerprint expected = Fingerprint.EMPTY;
    Path runs = Files.createDirectory(directory.resolve("runs"));
    long budget = elements > 1_000_000 ? CompactConfig.DEFAULT_SORT_BYTES : 1 << 20;
    long began = System.nanoTime();
    try (VersionSorter sorter = new VersionSorter(runs, budget)) {
      for (int i = 0; i < elements; i++) {
        // a permutation: every id once, in no order
        String id = String.valueOf((i * 982_451_653L) % elements);
        ElementVersion version = vertex(hasher, ElementId.vertex(id), 7, random.nextInt());
        expected = expected.plus(version.header().hash().orElseThrow());
        add(sorter, version);
      }
      long added = System.nanoTime();
      VersionVector vector = VersionVector.of(SITE, 7);
      Cut cut = new Cut(vector, List.of(new Manifest.SiteCut(SITE, "s", 7, 7, Optional.empty())));
      Workbench bench =
          new Workbench(
              repository,
              publisher,
              directory,
              CompactConfig.DEFAULT_SEGMENT_BYTES,
              budget,
              new Manifest.Writer("w", "test"),
              java.time.Clock.systemUTC(),
              random);
      try (VersionSorter.Merge merge = sorter.merge();
          SnapshotBuilder builder =
              new SnapshotBuilder(
                  bench, "g", 1, Manifest.Kind.BASE, Optional.empty(), StoreSchema.EMPTY)) {
        new Flush(merge, builder, cut, new Topics("g"), true, true, 1).run();
        assertThat(builder.counts().vertices()).isEqualTo(elements);
        assertThat(builder.fingerprint()).isEqualTo(expected);
        merge.seal();
        merge.commit();
      }
      long done = System.nanoTime();
      System.out.printf(
          "%d elements: collected in %.1f s, laid down in %.1f s, heap %d MiB%n",
          elements,
          (added - began) / 1e9,
          (done - added) / 1e9,
          Runtime.getRuntime().maxMemory() >> 20);
    }
  }

  private static final Site SITE = new Site("neo4j", 1);

  private static ElementVersion vertex(ElementHasher hasher, ElementId id, long seq, int n) {
    return version(
        hasher,
        id,
        new Dot(SITE, seq, Math.abs((long) n)),
        seq,
        seq,
        Optional.of(
            Vertex.of(
                Set.of("Person"),
                Map.of(
                    "name",
                    Value.Text.of("name " + n),
                    "email",
                    Value.Text.of(n + "@example.org")))));
  }

  private static ElementVersion version(
      ElementHasher hasher,
      ElementId id,
      Dot dot,
      long weight,
      long time,
      Optional<Element> state) {
    return new ElementVersion(
        id,
        new VersionHeader(
            dot,
            time,
            weight,
            new VersionVector(new TreeMap<>(Map.of(dot.site(), dot.seq()))),
            state.map(element -> hasher.hash(id, element)),
            Optional.empty(),
            false,
            List.of(),
            List.of()),
        state);
  }

  private static List<ElementVersion> randomVersions(Random random, int count) {
    ElementHasher hasher = new ElementHasher();
    List<ElementVersion> versions = new ArrayList<>();
    String[] exotic = {
      "é1",
      "è2",
      "日本",
      "a",
      "ab",
      "abc",
      "\u007f",
      "~",
      "x".repeat(70),
      "x".repeat(69) + "y",
      "x".repeat(64),
      "\uD83D\uDE00a",
      "\uFFFDab",
      "12345678",
      "12345679",
      "123456781"
    };
    for (int i = 0; i < count; i++) {
      String text =
          random.nextInt(3) == 0
              ? exotic[random.nextInt(exotic.length)]
              : Long.toString(random.nextLong() >>> (1 + random.nextInt(62)));
      ElementId id =
          new ElementId(random.nextBoolean() ? ElementKind.VERTEX : ElementKind.EDGE, text);
      // every dot is unique; weight and time often tie, so that the dot decides
      Dot dot = new Dot(new Site("s" + random.nextInt(2), 1), random.nextInt(3), i);
      versions.add(
          version(hasher, id, dot, random.nextInt(3), random.nextInt(2), Optional.empty()));
    }
    return versions;
  }

  private void add(VersionSorter sorter, ElementVersion version) throws Exception {
    buffer.clear();
    codec.write(version, buffer);
    sorter.addVersion(
        version.id().kind() == ElementKind.VERTEX ? SortEntry.VERTEX : SortEntry.EDGE,
        version.id().id(),
        new SortEntry.Origin(0, offset, offset++),
        new SortEntry.Rank(version.header().weight(), version.header().committedAtMicros()),
        buffer.array(),
        0,
        buffer.length());
  }

  private List<ElementVersion> drain(VersionSorter.Merge merge) throws Exception {
    List<ElementVersion> all = new ArrayList<>();
    while (merge.next()) {
      all.add(read(merge));
    }
    return all;
  }

  private ElementVersion read(VersionSorter.Merge merge) {
    ElementKind kind =
        SortEntry.kind(merge.bytes(), merge.at()) == SortEntry.VERTEX
            ? ElementKind.VERTEX
            : ElementKind.EDGE;
    return codec.read(
        new ElementId(kind, SortEntry.id(merge.bytes(), merge.at())),
        SortEntry.body(merge.bytes(), merge.at()));
  }
}
