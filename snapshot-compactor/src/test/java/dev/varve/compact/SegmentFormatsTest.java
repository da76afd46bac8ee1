package dev.varve.compact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.varve.archive.Chain;
import dev.varve.archive.DamagedException;
import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.EntryJson;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.archive.SegmentFormat;
import dev.varve.archive.SegmentReader;
import dev.varve.archive.SegmentWriter;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.topology.ElementVersion;
import dev.varve.topology.VersionHeader;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bases with hashes and without, in one chain; and states that do not have their hash. */
class SegmentFormatsTest {

  @TempDir Path directory;

  private DirectoryRepository repository;
  private DirectoryRepository rewritten;
  private Lab lab;

  @BeforeEach
  void setUp(TestInfo test) {
    long seed = Long.getLong("varve.seed", 1);
    System.out.println(test.getDisplayName() + " -Dvarve.seed=" + seed);
    repository = new DirectoryRepository(directory.resolve("repository"));
    rewritten = new DirectoryRepository(directory.resolve("rewritten"));
    lab = new Lab(seed, directory);
  }

  @AfterEach
  void tearDown() {
    lab.close();
  }

  @Test
  void basesAreOfVersion2AndDeltasOfVersion1() throws Exception {
    layDown(3);
    List<SegmentFormat> formats =
        links(repository).stream().map(manifest -> manifest.encoding().segments()).toList();
    assertThat(formats)
        .containsExactly(
            SegmentFormat.ELEMENTS,
            SegmentFormat.VERSIONS,
            SegmentFormat.VERSIONS,
            SegmentFormat.VERSIONS);
    for (Manifest manifest : links(repository)) {
      String json = new String(bytes(repository, manifest.key()), "UTF-8");
      assertThat(json.contains("\"version\" : \"2.0\"")).isEqualTo(manifest.kind().whole());
      assertThat(makesHashes(repository, manifest)).isEqualTo(manifest.kind().whole());
    }
  }

  @ParameterizedTest
  @EnumSource(SegmentFormat.class)
  void aChainGoesOnFromABaseOfEitherVersion(SegmentFormat format) throws Exception {
    layDown(5);
    rewrite(format, UnaryOperator.identity());
    assertThat(links(rewritten).get(0).encoding().segments()).isEqualTo(format);
    Restored.check(rewritten, Lab.GRAPH, lab.graph);
    Manifest first = Checkpoint.make(rewritten, Lab.GRAPH);
    assertThat(first.encoding().segments()).isEqualTo(SegmentFormat.ELEMENTS);
    lab.graph.change(5, 4);
    lab.writer(rewritten, 2).layDown();
    Manifest second = Checkpoint.make(rewritten, Lab.GRAPH);
    assertThat(second.kind()).isEqualTo(Manifest.Kind.CHECKPOINT);
    assertThat(makesHashes(rewritten, second)).isTrue();
    Restored.check(rewritten, Lab.GRAPH, lab.graph);
  }

  @Test
  void aCheckpointIsTheSameFromABaseOfEitherVersion() throws Exception {
    layDown(5);
    rewrite(SegmentFormat.VERSIONS, UnaryOperator.identity());
    Manifest fromElements = Checkpoint.make(repository, Lab.GRAPH);
    Manifest fromVersions = Checkpoint.make(rewritten, Lab.GRAPH);
    assertThat(fromVersions.segments().stream().map(s -> s.object().sha256()))
        .isEqualTo(fromElements.segments().stream().map(s -> s.object().sha256()).toList());
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 70})
  void aStateThatDoesNotHaveItsHashIsInNoCheckpoint(int deltas) throws Exception {
    layDown(deltas);
    ElementId victim = newestIn(manifest -> !manifest.kind().whole());
    rewrite(
        SegmentFormat.VERSIONS,
        version ->
            version.id().equals(victim)
                ? new ElementVersion(
                    version.id(), version.header(), version.state().map(this::bent))
                : version);
    int before = links(rewritten).size();
    DamagedException damage =
        catchThrowableOfType(DamagedException.class, () -> Checkpoint.make(rewritten, Lab.GRAPH));
    assertThat(damage.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND);
    assertThat(damage)
        .hasMessageContaining(victim.toString())
        .hasMessageContaining("does not have the hash that it carries");
    assertThat(
            links(rewritten).stream()
                .flatMap(manifest -> manifest.segments().stream())
                .map(segment -> segment.object().key()))
        .contains(damage.key());
    assertThat(links(rewritten)).hasSize(before);
  }

  @Test
  void anAlteredStateWhoseHashIsNotKeptIsInNoCheckpoint() throws Exception {
    layDown(3);
    ElementId victim = newestIn(manifest -> manifest.kind().whole());
    rewrite(
        SegmentFormat.ELEMENTS,
        version ->
            version.id().equals(victim) && version.header().dot().seq() <= baseSeq()
                ? altered(version)
                : version);
    int before = links(rewritten).size();
    assertThatThrownBy(() -> Checkpoint.make(rewritten, Lab.GRAPH))
        .isInstanceOf(DamagedException.class)
        .hasMessageContaining("the fingerprint");
    assertThat(links(rewritten)).hasSize(before);
  }

  @Test
  void aStateThatDoesNotHaveItsHashIsInNoBase() throws Exception {
    lab.graph.scan(40);
    ElementId victim = lab.exchangeStates();
    Lab.Writer writer = lab.writer(repository, 1);
    VarveException damage = catchThrowableOfType(VarveException.class, writer::layDown);
    assertThat(damage.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND);
    assertThat(damage)
        .hasMessageContaining("varve.g-vertices-changelog")
        .hasMessageContaining(victim.toString() + " at ");
    assertThat(repository.list(Lab.GRAPH + "/manifests/")).isEmpty();
  }

  private long baseSeq() {
    try {
      return links(repository).get(0).to().weight();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private void layDown(int deltas) throws Exception {
    lab.graph.scan(60);
    Lab.Writer writer = lab.writer(repository, 1);
    writer.layDown();
    for (int i = 0; i < deltas; i++) {
      lab.graph.change(2, 3);
      writer.layDown();
    }
  }

  private static List<Manifest> links(Repository repository) throws Exception {
    return Chain.load(repository, Lab.GRAPH).links().stream().map(Chain.Link::manifest).toList();
  }

  private static boolean makesHashes(Repository repository, Manifest manifest) throws Exception {
    Set<Boolean> found = new HashSet<>();
    for (Manifest.Segment segment : manifest.segments()) {
      try (SegmentReader reader = SegmentReader.open(repository, segment)) {
        found.add(reader.makesHashes());
      }
    }
    assertThat(found).hasSize(1);
    return found.contains(true);
  }

  /** An element that is alive, and whose newest version is in such a snapshot. */
  private ElementId newestIn(Predicate<Manifest> wanted) throws Exception {
    Map<ElementId, Manifest> newest = new TreeMap<>();
    for (Manifest manifest : links(repository)) {
      versions(repository, manifest).forEach(version -> newest.put(version.id(), manifest));
    }
    newest.keySet().retainAll(lab.graph.history.lastEntry().getValue().keySet());
    return newest.entrySet().stream()
        .filter(entry -> wanted.test(entry.getValue()))
        .findFirst()
        .orElseThrow()
        .getKey();
  }

  private static List<ElementVersion> versions(Repository repository, Manifest manifest)
      throws Exception {
    List<ElementVersion> versions = new ArrayList<>();
    for (Manifest.Segment segment : manifest.segments()) {
      versions.addAll(versions(repository, segment));
    }
    return versions;
  }

  private static List<ElementVersion> versions(Repository repository, Manifest.Segment segment)
      throws Exception {
    List<ElementVersion> versions = new ArrayList<>();
    try (SegmentReader reader = SegmentReader.open(repository, segment)) {
      while (reader.next()) {
        versions.add(reader.version());
      }
    }
    return versions;
  }

  /** Copies the chain, with bases in a format, and with other versions, as if they were true. */
  private void rewrite(SegmentFormat ofBases, UnaryOperator<ElementVersion> edit) throws Exception {
    Optional<Manifest.Parent> parent = Optional.empty();
    for (Manifest manifest : links(repository)) {
      SegmentFormat format = manifest.kind().whole() ? ofBases : SegmentFormat.VERSIONS;
      List<Manifest.Segment> segments = new ArrayList<>();
      for (Manifest.Segment segment : manifest.segments()) {
        Path file = directory.resolve("rewriting");
        try (SegmentWriter writer =
            new SegmentWriter(file, segment.object().key(), segment.kind(), format, 1)) {
          for (ElementVersion version : versions(repository, segment)) {
            writer.append(edit.apply(version));
          }
          segments.add(writer.finish());
        }
        rewritten.create(segment.object().key(), file);
        Files.deleteIfExists(file);
      }
      if (manifest.transactions().isPresent()) {
        String key = manifest.transactions().get().object().key();
        rewritten.create(key, bytes(repository, key));
      }
      Manifest changed = with(manifest, parent, segments, format);
      byte[] json = EntryJson.write(changed);
      rewritten.create(changed.key(), json);
      parent = Optional.of(Chain.Tip.of(changed.key(), json).asParent());
    }
  }

  private static Manifest with(
      Manifest manifest,
      Optional<Manifest.Parent> parent,
      List<Manifest.Segment> segments,
      SegmentFormat format) {
    return new Manifest(
        manifest.graph(),
        manifest.number(),
        manifest.kind(),
        parent,
        manifest.from(),
        manifest.to(),
        manifest.committed(),
        manifest.positions(),
        manifest.sites(),
        manifest.counts(),
        manifest.fingerprint(),
        manifest.schema(),
        segments,
        manifest.transactions(),
        manifest.writer(),
        new Manifest.Encoding(manifest.encoding().compression(), format, Optional.empty()),
        manifest.createdAt());
  }

  private Element bent(Element state) {
    Map<String, Value> properties = Map.of("bent", new Value.Bool(true));
    return state instanceof Edge edge
        ? Edge.of(edge.type(), edge.start(), edge.end(), properties)
        : Vertex.of(Set.of("Bent"), properties);
  }

  /** Another state with its hash. */
  private ElementVersion altered(ElementVersion version) {
    Element state = bent(version.state().orElseThrow());
    VersionHeader header = version.header();
    return new ElementVersion(
        version.id(),
        new VersionHeader(
            header.dot(),
            header.committedAtMicros(),
            header.weight(),
            header.vector(),
            Optional.of(new ElementHasher().hash(version.id(), state)),
            header.replaced(),
            header.lost(),
            header.alteredLabels(),
            header.alteredProperties()),
        Optional.of(state));
  }

  private static byte[] bytes(Repository repository, String key) throws Exception {
    try (InputStream in = repository.read(key, 0)) {
      return in.readAllBytes();
    }
  }
}
