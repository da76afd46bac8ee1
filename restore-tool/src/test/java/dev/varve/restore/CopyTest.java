package dev.varve.restore;

import static java.time.temporal.ChronoUnit.HOURS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.archive.Chain;
import dev.varve.archive.Copy;
import dev.varve.archive.Damage;
import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.EntryJson;
import dev.varve.archive.Keys;
import dev.varve.archive.Ledger;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.archive.crypt.EncryptedRepository;
import dev.varve.archive.crypt.MasterKey;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.ElementId;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CopyTest {

  @TempDir Path directory;
  private ChainLab lab;
  private final Random random = new Random(1);
  private final RandomValues values = new RandomValues(random, false);
  private final List<Manifest> manifests = new ArrayList<>();
  private Repository source = new DirectoryRepository(Path.of("unset"));
  private Repository copy = source;

  @BeforeEach
  void chain() {
    lab = new ChainLab(directory).versionsASegment(20);
    commit(10);
    manifests.add(lab.base());
    for (int delta = 0; delta < 3; delta++) {
      commit(5);
      manifests.add(lab.delta());
    }
    manifests.add(lab.checkpoint());
    commit(1);
    manifests.add(lab.delta());
    source = lab.repository();
    copy = new DirectoryRepository(directory.resolve("copy"));
  }

  private void commit(int transactions) {
    for (int i = 0; i < transactions; i++) {
      lab.tick(1000);
      lab.randomCommit(random, values);
    }
  }

  @Test
  void aCopyIsTheSameObjectForObject() throws Exception {
    Copy.Report report = copy(source, copy);
    assertThat(report.exitCode()).isEqualTo(ExitCode.DONE);
    assertThat(report.entries()).isEqualTo(6);
    assertThat(contents(copy)).isEqualTo(contents(source));
    whole(copy);
    assertThat(directory.resolve("files")).doesNotExist();
    Copy.Report again = copy(source, copy);
    assertThat(again.entries()).isZero();
    assertThat(again.objects()).isZero();
  }

  @Test
  void fromPlainToEncryptedAndBackNothingChanges() throws Exception {
    Repository raw = new DirectoryRepository(directory.resolve("encrypted"));
    Repository encrypted = EncryptedRepository.open(raw, newKey());
    copy(source, encrypted);
    whole(encrypted);
    for (String key : raw.list("g/")) {
      assertThat(new String(bytes(raw, key), StandardCharsets.ISO_8859_1)).startsWith("VARVECR");
    }
    Repository other =
        EncryptedRepository.open(new DirectoryRepository(directory.resolve("other")), newKey());
    copy(encrypted, other);
    copy(other, copy);
    assertThat(contents(copy)).isEqualTo(contents(source));
  }

  /** Objects above a certain length go through files. */
  @Test
  void largeObjectsAreCopiedToo() throws Exception {
    byte[] noise = new byte[3 << 20];
    random.nextBytes(noise);
    lab.commit(
        Map.of(
            ElementId.vertex("large"),
            Optional.of(
                Vertex.of(
                    Set.of(), Map.of("noise", Value.Text.of(HexFormat.of().formatHex(noise)))))));
    String key = lab.delta().segments().get(0).object().key();
    Repository encrypted =
        EncryptedRepository.open(new DirectoryRepository(directory.resolve("encrypted")), newKey());
    copy(source, encrypted);
    whole(encrypted);
    Path file = directory.resolve("encrypted").resolve(key);
    byte[] sealed = Files.readAllBytes(file);
    sealed[sealed.length - 1] ^= 1;
    Files.write(file, sealed);
    assertThat(copy(encrypted, copy).sourceDamage()).extracting(Damage::key).containsExactly(key);
    assertThat(copy.sizeBytes(key)).isEmpty();
    assertThat(directory.resolve("files")).doesNotExist();
  }

  @Test
  void aDamagedEncryptedObjectIsReportedAsEveryDamageIs() throws Exception {
    MasterKey key = newKey();
    Repository encrypted =
        EncryptedRepository.open(new DirectoryRepository(directory.resolve("encrypted")), key);
    copy(source, encrypted);
    String segment = manifests.get(2).segments().get(0).object().key();
    Path file = directory.resolve("encrypted").resolve(segment);
    byte[] sealed = Files.readAllBytes(file);
    sealed[sealed.length / 2] ^= 1;
    Files.write(file, sealed);
    Path entry = directory.resolve("encrypted").resolve(manifests.get(4).key());
    byte[] sealedEntry = Files.readAllBytes(entry);
    sealedEntry[200] ^= 1;
    Files.write(entry, sealedEntry);
    Verify.Report report = Verify.run(encrypted, ChainLab.GRAPH, Verify.Level.GRAPH, Progress.NONE);
    assertThat(report.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND);
    assertThat(report.damage())
        .extracting(Damage::key)
        .containsExactlyInAnyOrder(segment, manifests.get(4).key());
    assertThat(report.windows().get(0).to()).isEqualTo(manifests.get(1).to());
    Copy.Report copied = copy(encrypted, copy);
    assertThat(copied.sourceDamage())
        .extracting(Damage::key)
        .containsExactlyInAnyOrder(segment, manifests.get(4).key());
    assertThat(copy.list("g/manifests/"))
        .doesNotContain(manifests.get(2).key(), manifests.get(4).key())
        .hasSize(4);
  }

  @Test
  void aDamagedObjectIsNeitherCopiedNorNamed() throws Exception {
    String altered = manifests.get(1).segments().get(0).object().key();
    byte[] bytes = bytes(source, altered);
    bytes[bytes.length / 2] ^= 1;
    Files.write(directory.resolve("repository").resolve(altered), bytes);
    String missing = manifests.get(4).segments().get(0).object().key();
    source.delete(missing);
    Copy.Report report = copy(source, copy);
    assertThat(report.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND);
    assertThat(report.sourceDamage()).extracting(Damage::key).containsExactly(altered, missing);
    assertThat(copy.sizeBytes(altered)).isEmpty();
    assertThat(copy.list("g/manifests/"))
        .doesNotContain(manifests.get(1).key(), manifests.get(4).key())
        .hasSize(4);
    // once it is mended, the copy is completed
    bytes[bytes.length / 2] ^= 1;
    Files.write(directory.resolve("repository").resolve(altered), bytes);
    assertThat(copy(source, copy).sourceDamage()).extracting(Damage::key).containsExactly(missing);
    assertThat(copy.sizeBytes(manifests.get(1).key())).isPresent();
  }

  @Test
  void aManifestThatCannotBeTrustedIsNotCopied() throws Exception {
    Path file = directory.resolve("repository").resolve(manifests.get(1).key());
    Files.writeString(file, Files.readString(file).replace("\"lab\"", "\"lob\""));
    source.delete(manifests.get(3).key());
    assertThat(copy(source, copy).sourceDamage())
        .extracting(Damage::key)
        .containsExactly(manifests.get(1).key(), manifests.get(3).key());
    assertThat(copy.list("g/manifests/")).hasSize(4);
  }

  @Test
  void aCopyThatHasWhatTheSourceLostKeepsIt() throws Exception {
    copy(source, copy);
    Map<String, String> before = contents(copy);
    source.delete(manifests.get(2).key());
    source.delete(manifests.get(3).segments().get(0).object().key());
    assertThat(copy(source, copy).sourceDamage())
        .extracting(Damage::key)
        .containsExactly(manifests.get(2).key());
    assertThat(contents(copy)).isEqualTo(before);
  }

  @Test
  void anotherChainIsRefusedAndLeftAlone() throws Exception {
    ChainLab other = new ChainLab(directory.resolve("another"));
    other.randomCommit(new Random(2), values);
    other.base();
    Map<String, String> before = contents(other.repository());
    refused(() -> copy(source, other.repository()), "another one");
    assertThat(contents(other.repository())).isEqualTo(before);
  }

  @Test
  void aCopyThatWentItsOwnWayIsRefused() throws Exception {
    copy(source, copy);
    Manifest last = manifests.get(5);
    Ledger own =
        new Ledger(
            "g",
            7,
            Optional.of(Chain.Tip.of(last.key(), bytes(copy, last.key())).asParent()),
            List.of(),
            List.of(),
            new Manifest.Writer("other", "0"),
            Instant.EPOCH);
    copy.create(own.key(), EntryJson.write(own));
    refused(() -> copy(source, copy), "the source ends with number 6");
    commit(1);
    lab.delta();
    refused(() -> copy(source, copy), "another one");
  }

  /** All that it holds has expired; only what the ledger remembers tells that it is a copy. */
  @Test
  void aCopyThatIsTooLateForAnyEntryInCommonGoesOn() throws Exception {
    copy(source, copy);
    allOfThatExpires(expired -> hashes(expired.values()));
    Copy.Report report = copy(source, copy);
    assertThat(report.exitCode()).isEqualTo(ExitCode.DONE);
    assertThat(report.removed()).isPositive();
    assertThat(contents(copy)).isEqualTo(contents(source));
    whole(copy);
  }

  @Test
  void aCopyOfWhichNothingIsRememberedIsLetAlone() throws Exception {
    copy(source, copy);
    Map<String, String> before = contents(copy);
    allOfThatExpires(expired -> Map.of());
    refused(() -> copy(source, copy), "its newest entry, number 6, has expired there");
    refused(() -> copy(source, copy), "it cannot be told");
    assertThat(contents(copy)).isEqualTo(before);
  }

  /** Whoever wrote number 7 of the destination did not write that of the source. */
  @Test
  void aCopyThatWentItsOwnWayIsToldFromALateOne() throws Exception {
    copy(source, copy);
    Manifest last = manifests.get(5);
    Ledger own =
        new Ledger(
            "g",
            7,
            Optional.of(Chain.Tip.of(last.key(), bytes(copy, last.key())).asParent()),
            List.of(),
            List.of(),
            new Manifest.Writer("other", "0"),
            Instant.EPOCH);
    copy.create(own.key(), EntryJson.write(own));
    Map<String, String> before = contents(copy);
    lab.ledger(List.of(), List.of());
    allOfThatExpires(expired -> hashes(expired.values()));
    refused(() -> copy(source, copy), "another one");
    assertThat(contents(copy)).isEqualTo(before);
  }

  /** What is there when it begins expires and goes; what comes after it follows directly on it. */
  private void allOfThatExpires(Function<Map<Long, Chain.Tip>, Map<Long, String>> remembered)
      throws IOException {
    Map<Long, Chain.Tip> expired = new TreeMap<>();
    for (String key : source.list("g/manifests/")) {
      Chain.Tip tip = Chain.Tip.read(source, key);
      expired.put(tip.entry().number(), tip);
    }
    List<String> old = source.list("g/");
    commit(1);
    Manifest between = lab.delta();
    expired.put(between.number(), Chain.Tip.read(source, between.key()));
    commit(1);
    lab.base();
    lab.ledger(List.of(), List.of(), expired.keySet(), remembered.apply(expired));
    for (String key : old) {
      source.delete(key);
    }
    between.objects().forEach(object -> delete(object.key()));
    delete(between.key());
  }

  private void delete(String key) {
    try {
      source.delete(key);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Map<Long, String> hashes(Collection<Chain.Tip> tips) {
    return tips.stream().collect(Collectors.toMap(tip -> tip.entry().number(), Chain.Tip::sha256));
  }

  /** The entry that follows it directly is still there, and names it. */
  @Test
  void aLateCopyIsKnownByTheEntryThatFollowsIt() throws Exception {
    copy(source, copy);
    commit(1);
    lab.base();
    List<Long> old = manifests.stream().map(Manifest::number).toList();
    lab.ledger(List.of(), List.of(), old, Map.of());
    for (Manifest manifest : manifests) {
      manifest.objects().forEach(object -> delete(object.key()));
      delete(manifest.key());
    }
    assertThat(copy(source, copy).exitCode()).isEqualTo(ExitCode.DONE);
    assertThat(contents(copy)).isEqualTo(contents(source));
    whole(copy);
  }

  /** Objects of an entry that expired before all of it was copied. */
  @Test
  void whatACopyThatWasCutOffLeftIsRemovedWhenItIsOld() throws Exception {
    copy(source, copy);
    String orphan = Keys.part("g", 3, "cv000", 0xBAD);
    String fresh = Keys.part("g", 3, "cv001", 0xBAD);
    String named = manifests.get(5).segments().get(0).object().key();
    for (String key : List.of(orphan, fresh)) {
      copy.create(key, new byte[3]);
    }
    for (String key : List.of(orphan, named)) {
      Files.setLastModifiedTime(
          directory.resolve("copy").resolve(key), FileTime.from(Instant.now().minus(50, HOURS)));
    }
    source.delete(named); // lost, and kept in the copy
    copy(source, copy);
    assertThat(copy.sizeBytes(orphan)).as("nothing has expired").isPresent();
    expire(1, 4);
    copy(source, copy);
    assertThat(copy.sizeBytes(orphan)).isEmpty();
    assertThat(copy.sizeBytes(fresh)).as("somebody may still be at it").isPresent();
    assertThat(copy.sizeBytes(named)).isPresent();
  }

  @Test
  void aDamagedObjectInTheDestinationIsReportedAndNotRelied() throws Exception {
    String key = manifests.get(0).segments().get(0).object().key();
    copy.create(key, new byte[7]);
    Copy.Report report = copy(source, copy);
    assertThat(report.destinationDamage()).extracting(Damage::key).containsExactly(key);
    assertThat(report.exitCode()).isEqualTo(ExitCode.DAMAGE_FOUND);
    assertThat(copy.sizeBytes(manifests.get(0).key())).isEmpty();
  }

  @Test
  void theSameCopyGoesOnWithWhatHasCome() throws Exception {
    AtomicInteger reads = new AtomicInteger();
    Repository counted =
        new Forwarding(source) {
          @Override
          void call(String name, String key) {
            reads.addAndGet(name.equals("read") ? 1 : 0);
          }
        };
    try (Copy copying =
        new Copy(counted, copy, "g", directory.resolve("files"), Copy.Watcher.NONE)) {
      copying.run();
      reads.set(0);
      assertThat(copying.run().entries()).isZero();
      assertThat(reads).hasValue(0);
      commit(2);
      Manifest next = lab.delta();
      assertThat(copying.run().entries()).isEqualTo(1);
      assertThat(copy.sizeBytes(next.key())).isPresent();
      assertThat(reads.get()).isLessThan(10);
    }
    whole(copy);
  }

  @Test
  void whatExpiredIsNotCopiedAndIsRemoved() throws Exception {
    copy(source, copy);
    Ledger ledger = expire(1, 4);
    Copy.Report report = copy(source, copy);
    assertThat(report.removed()).isPositive();
    assertThat(copy.list("g/manifests/")).hasSize(3).contains(ledger.key());
    assertThat(copy.list("g/segments/")).allMatch(key -> key.matches(".*/0{19}[56]-.*"));
    whole(copy);
    Repository fresh = new DirectoryRepository(directory.resolve("fresh"));
    copy(source, fresh);
    assertThat(contents(fresh)).isEqualTo(contents(copy));
    whole(fresh);
  }

  /** The checkpoint that was to take their place did not arrive. */
  @Test
  void nothingIsRemovedWhileSomethingIsDamaged() throws Exception {
    for (Manifest.Segment segment : manifests.get(4).segments()) {
      source.delete(segment.object().key());
    }
    copy(source, copy);
    expire(1, 4);
    Copy.Report report = copy(source, copy);
    assertThat(report.removed()).isZero();
    assertThat(copy.sizeBytes(manifests.get(0).key())).isPresent();
  }

  /** A ledger is published and objects vanish after the source was listed. */
  @Test
  void whatExpiresMeanwhileIsNoDamage() throws Exception {
    String victim = manifests.get(2).segments().get(0).object().key();
    AtomicInteger times = new AtomicInteger();
    Repository expiring =
        new Forwarding(source) {
          @Override
          void call(String name, String key) throws IOException {
            if (name.equals("read") && key.equals(victim) && times.incrementAndGet() == 1) {
              expire(1, 4);
              for (String old : source.list("g/segments/")) {
                if (old.matches(".*/0{19}[1-4]-.*")) {
                  source.delete(old);
                }
              }
            }
          }
        };
    assertThat(copy(expiring, copy).sourceDamage()).isEmpty();
    assertThat(times.get()).isPositive();
    copy(source, copy);
    assertThat(copy.list("g/manifests/")).hasSize(3);
    whole(copy);
  }

  private Ledger expire(long first, long last) throws IOException {
    Manifest newest = manifests.get(5);
    Ledger ledger =
        new Ledger(
            "g",
            7,
            Optional.of(Chain.Tip.of(newest.key(), bytes(source, newest.key())).asParent()),
            List.of(),
            List.of(new Ledger.Range(first, last)),
            new Manifest.Writer("expire", "0"),
            Instant.EPOCH);
    source.create(ledger.key(), EntryJson.write(ledger));
    return ledger;
  }

  /** Both sides, before and after each call; the next attempt goes on. */
  @Test
  void aCopyMayBeKilledAtEveryCall() throws Exception {
    int deaths = 0;
    for (boolean after : new boolean[] {false, true}) {
      for (int call = 1; ; call++) {
        Repository target = new DirectoryRepository(directory.resolve("t" + after + call));
        AtomicInteger calls = new AtomicInteger();
        int dieAt = call;
        boolean died = false;
        try {
          copy(new Dying(source, calls, dieAt, after), new Dying(target, calls, dieAt, after));
        } catch (Died e) {
          died = true;
        }
        // what is there is a chain, if a shorter one
        Chain chain = Chain.load(target, "g");
        assertThat(chain.damage()).isEmpty();
        assertThat(chain.checkObjects(target)).isEmpty();
        copy(source, target);
        assertThat(contents(target)).isEqualTo(contents(source));
        if (!died) {
          break;
        }
        deaths++;
      }
    }
    System.out.println("killed at " + deaths + " calls");
    assertThat(deaths).isGreaterThan(100);
  }

  @Test
  void whatFailsForAWhileIsTriedAgain() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    Repository failing =
        new Forwarding(copy) {
          @Override
          void call(String name, String key) throws IOException {
            if (calls.incrementAndGet() % 7 == 0) {
              throw new IOException("503");
            }
          }

          @Override
          void returned(String name, String key) throws IOException {
            if (name.equals("create") && calls.incrementAndGet() % 5 == 0) {
              throw new IOException("answer lost");
            }
          }
        };
    copy(source, failing);
    assertThat(contents(copy)).isEqualTo(contents(source));
  }

  @Test
  void twoCopiesAtOnceDoNoHarm() throws Exception {
    List<Thread> threads = new ArrayList<>();
    List<Throwable> failures = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      Path scratch = directory.resolve("files" + i);
      Thread thread =
          new Thread(
              () -> {
                try (Copy copying = new Copy(source, copy, "g", scratch, Copy.Watcher.NONE)) {
                  copying.run();
                } catch (IOException | RuntimeException e) {
                  failures.add(e);
                }
              });
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(failures).isEmpty();
    assertThat(contents(copy)).isEqualTo(contents(source));
  }

  private Copy.Report copy(Repository from, Repository to) throws IOException {
    try (Copy copying = new Copy(from, to, "g", directory.resolve("files"), Copy.Watcher.NONE)) {
      return copying.run();
    }
  }

  private static MasterKey newKey() {
    return MasterKey.parse(MasterKey.generate(new SecureRandom()), "test");
  }

  private static void refused(ThrowingCallable call, String why) {
    assertThatThrownBy(call)
        .hasMessageContaining(why)
        .isInstanceOfSatisfying(
            VarveException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.FENCED));
  }

  private static void whole(Repository repository) {
    Verify.Report report =
        Verify.run(repository, ChainLab.GRAPH, Verify.Level.GRAPH, Progress.NONE);
    assertThat(report.damage()).isEmpty();
  }

  static byte[] bytes(Repository repository, String key) throws IOException {
    try (InputStream in = repository.read(key, 0)) {
      return in.readAllBytes();
    }
  }

  static Map<String, String> contents(Repository repository) throws IOException {
    Map<String, String> contents = new TreeMap<>();
    for (String key : repository.list("g/")) {
      contents.put(key, Arrays.hashCode(bytes(repository, key)) + "");
    }
    return contents;
  }

  /** Stands for the end of the process. */
  static final class Died extends RuntimeException {}

  /** Dies at one call of either side. */
  static final class Dying extends Forwarding {
    private final AtomicInteger calls;
    private final int dieAt;
    private final boolean after;

    Dying(Repository inner, AtomicInteger calls, int dieAt, boolean after) {
      super(inner);
      this.calls = calls;
      this.dieAt = dieAt;
      this.after = after;
    }

    @Override
    void call(String name, String key) {
      int number = calls.incrementAndGet();
      if (number > dieAt || (number == dieAt && !after)) {
        throw new Died(); // nobody goes on after the end
      }
    }

    @Override
    void returned(String name, String key) {
      if (calls.get() >= dieAt) {
        throw new Died();
      }
    }
  }

  abstract static class Forwarding implements Repository {
    private final Repository inner;

    Forwarding(Repository inner) {
      this.inner = inner;
    }

    abstract void call(String name, String key) throws IOException;

    void returned(String name, String key) throws IOException {}

    private interface Step<T> {
      T run() throws IOException;
    }

    private <T> T run(String name, String key, Step<T> step) throws IOException {
      call(name, key);
      T result = step.run();
      returned(name, key);
      return result;
    }

    @Override
    public List<Listed> list(String prefix, String after) throws IOException {
      return run("list", prefix, () -> inner.list(prefix, after));
    }

    @Override
    public OptionalLong sizeBytes(String key) throws IOException {
      return run("sizeBytes", key, () -> inner.sizeBytes(key));
    }

    @Override
    public InputStream read(String key, long offsetBytes) throws IOException {
      return run("read", key, () -> inner.read(key, offsetBytes));
    }

    @Override
    public Creation create(String key, byte[] content) throws IOException {
      return run("create", key, () -> inner.create(key, content));
    }

    @Override
    public Creation create(String key, Path content) throws IOException {
      return run("create", key, () -> inner.create(key, content));
    }

    @Override
    public void delete(String key) throws IOException {
      run(
          "delete",
          key,
          () -> {
            inner.delete(key);
            return key;
          });
    }

    @Override
    public String location() {
      return inner.location();
    }
  }
}
