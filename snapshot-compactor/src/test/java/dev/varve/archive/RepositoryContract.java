package dev.varve.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.varve.archive.Repository.Creation;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every repository has to do, whatever it is made of. */
abstract class RepositoryContract {

  private static final int RACERS = 8;
  private static final int READERS = 4;
  private static final int RACES = 40;
  private static final int LONG_BYTES =
      (11 << 20) + 1; // three parts of the least length that stores take

  @TempDir Path files;

  /** An empty repository. */
  abstract Repository repository();

  /** Whether it decides between several who create the same long file at the same moment. */
  boolean decidesLongFiles() throws IOException {
    return true;
  }

  @Test
  void whatWasCreatedIsReadBack() throws Exception {
    Repository repository = repository();
    assertThat(repository.create("g/segments/a.avro", bytes("sediment")))
        .isEqualTo(Creation.CREATED);
    assertThat(read(repository, "g/segments/a.avro", 0)).isEqualTo("sediment");
    assertThat(read(repository, "g/segments/a.avro", 4)).isEqualTo("ment");
    assertThat(repository.sizeBytes("g/segments/a.avro")).hasValue(8);
  }

  @Test
  void aFileIsCopied() throws Exception {
    Repository repository = repository();
    Path file = Files.writeString(files.resolve("local"), "x".repeat(300_000));
    assertThat(repository.create("g/segments/b.avro", file)).isEqualTo(Creation.CREATED);
    Files.writeString(file, "changed later");
    assertThat(read(repository, "g/segments/b.avro", 0)).isEqualTo("x".repeat(300_000));
  }

  @Test
  void anObjectIsNeverOverwritten() throws Exception {
    Repository repository = repository();
    repository.create("g/manifests/1.json", bytes("first"));
    assertThat(repository.create("g/manifests/1.json", bytes("second")))
        .isEqualTo(Creation.ALREADY_EXISTS);
    assertThat(read(repository, "g/manifests/1.json", 0)).isEqualTo("first");
  }

  @Test
  void ofManyWhoCreateTheSameKeyExactlyOneSucceeds() throws Exception {
    Repository repository = repository();
    ExecutorService pool = Executors.newFixedThreadPool(RACERS);
    try {
      for (int race = 0; race < RACES; race++) {
        String key = "g/manifests/" + race + ".json";
        CountDownLatch start = new CountDownLatch(1);
        List<Future<Creation>> results = new ArrayList<>();
        for (int racer = 0; racer < RACERS; racer++) {
          byte[] content = bytes("racer " + racer + "!".repeat(5000));
          results.add(
              pool.submit(
                  () -> {
                    start.await();
                    return repository.create(key, content);
                  }));
        }
        start.countDown();
        List<Integer> winners = new ArrayList<>();
        for (int racer = 0; racer < RACERS; racer++) {
          if (results.get(racer).get() == Creation.CREATED) {
            winners.add(racer);
          }
        }
        assertThat(winners).as("race %s", race).hasSize(1);
        assertThat(read(repository, key, 0))
            .isEqualTo("racer " + winners.get(0) + "!".repeat(5000));
      }
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void keysAreListedInOrder() throws Exception {
    Repository repository = repository();
    for (String key : List.of("g/m/3", "g/m/1", "g/m/2", "g/s/1", "other/m/1", "g/m/20")) {
      repository.create(key, bytes(key));
    }
    assertThat(repository.list("g/m/")).containsExactly("g/m/1", "g/m/2", "g/m/20", "g/m/3");
    assertThat(repository.list("g/m/2")).containsExactly("g/m/2", "g/m/20");
    assertThat(repository.list("")).hasSize(6);
    assertThat(repository.list("g/m/", "g/m/2"))
        .extracting(Repository.Listed::key)
        .containsExactly("g/m/20", "g/m/3");
    assertThat(repository.list("nothing/here/")).isEmpty();
  }

  @Test
  void whatIsNotThereIsNotThere() throws Exception {
    Repository repository = repository();
    assertThat(repository.sizeBytes("g/none")).isEmpty();
    assertThatThrownBy(() -> repository.read("g/none", 0).close())
        .isInstanceOf(NoSuchFileException.class);
    repository.delete("g/none");
  }

  @Test
  void aDeletedObjectIsGone() throws Exception {
    Repository repository = repository();
    repository.create("g/a", bytes("a"));
    repository.delete("g/a");
    assertThat(repository.sizeBytes("g/a")).isEmpty();
    assertThat(repository.list("g/")).isEmpty();
  }

  @Test
  void aLongFileIsReadBackFromEveryPlace() throws Exception {
    Repository repository = repository();
    byte[] content = new byte[LONG_BYTES];
    new Random(7).nextBytes(content);
    Path file = Files.write(files.resolve("long"), content);
    assertThat(repository.create("g/segments/long.avro", file)).isEqualTo(Creation.CREATED);
    assertThat(repository.sizeBytes("g/segments/long.avro")).hasValue(LONG_BYTES);
    for (int offset : new int[] {0, 1, 1_048_576, 6_000_001, LONG_BYTES - 1, LONG_BYTES}) {
      try (InputStream in = repository.read("g/segments/long.avro", offset)) {
        assertThat(in.readAllBytes())
            .as("from %s", offset)
            .isEqualTo(Arrays.copyOfRange(content, offset, LONG_BYTES));
      }
    }
    assertThat(repository.create("g/segments/long.avro", Files.write(file, new byte[LONG_BYTES])))
        .isEqualTo(Creation.ALREADY_EXISTS);
    assertThat(repository.read("g/segments/long.avro", 0).readAllBytes()).isEqualTo(content);
  }

  @Test
  void manyReadLongFilesAtOnce() throws Exception {
    Repository repository = repository();
    byte[] content = new byte[LONG_BYTES];
    new Random(8).nextBytes(content);
    repository.create("g/segments/long.avro", Files.write(files.resolve("long"), content));
    List<InputStream> readers = new ArrayList<>();
    for (int reader = 0; reader < READERS; reader++) {
      readers.add(repository.read("g/segments/long.avro", reader * 1000L));
    }
    ByteArrayOutputStream[] read = new ByteArrayOutputStream[READERS];
    Arrays.setAll(read, i -> new ByteArrayOutputStream());
    byte[] buffer = new byte[300_000];
    for (boolean more = true; more; ) {
      more = false;
      for (int reader = 0; reader < READERS; reader++) {
        int count = readers.get(reader).readNBytes(buffer, 0, buffer.length);
        read[reader].write(buffer, 0, count);
        more |= count > 0;
      }
    }
    for (int reader = 0; reader < READERS; reader++) {
      readers.get(reader).close();
      assertThat(read[reader].toByteArray())
          .isEqualTo(Arrays.copyOfRange(content, reader * 1000, LONG_BYTES));
    }
  }

  @Test
  void ofManyWhoCreateTheSameLongFileExactlyOneSucceeds() throws Exception {
    assumeTrue(decidesLongFiles(), "this store ignores conditions on completing an upload");
    Repository repository = repository();
    ExecutorService pool = Executors.newFixedThreadPool(3);
    try {
      List<Future<Creation>> results = new ArrayList<>();
      for (int racer = 0; racer < 3; racer++) {
        byte[] content = new byte[LONG_BYTES];
        Arrays.fill(content, (byte) racer);
        Path file = Files.write(files.resolve("racer" + racer), content);
        results.add(pool.submit(() -> untilKnown(repository, "g/segments/raced.avro", file)));
      }
      int winners = 0;
      for (Future<Creation> result : results) {
        winners += result.get() == Creation.CREATED ? 1 : 0;
      }
      assertThat(winners).isLessThanOrEqualTo(1);
      byte[] there = repository.read("g/segments/raced.avro", 0).readAllBytes();
      assertThat(there).hasSize(LONG_BYTES);
      for (byte b : there) {
        assertThat(b).isEqualTo(there[0]);
      }
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void anEmptyObjectIsAnObject() throws Exception {
    Repository repository = repository();
    assertThat(repository.create("g/empty", new byte[0])).isEqualTo(Creation.CREATED);
    assertThat(repository.create("g/empty", new byte[0])).isEqualTo(Creation.ALREADY_EXISTS);
    assertThat(repository.sizeBytes("g/empty")).hasValue(0);
    assertThat(read(repository, "g/empty", 0)).isEmpty();
    assertThat(read(repository, "g/empty", 5)).isEmpty();
  }

  @Test
  void aListTellsLengthAndAge() throws Exception {
    Repository repository = repository();
    Instant before = Instant.now().minusSeconds(2);
    repository.create("g/m/1", bytes("four"));
    Repository.Listed listed = repository.list("g/m/", "").get(0);
    assertThat(listed.bytes()).isEqualTo(4);
    assertThat(listed.modifiedAt()).isBetween(before, Instant.now().plusSeconds(2));
  }

  @Test
  void whatWasCreatedIsListedAtOnce() throws Exception {
    Repository repository = repository();
    for (int i = 0; i < 30; i++) {
      String key = String.format("g/m/%03d", i);
      repository.create(key, bytes(key));
      assertThat(repository.list("g/m/", String.format("g/m/%03d", i - 1)))
          .extracting(Repository.Listed::key)
          .containsExactly(key);
    }
  }

  @Test
  void aKeyThatWasDeletedCanBeCreatedAgain() throws Exception {
    Repository repository = repository();
    repository.create("g/a", bytes("a"));
    repository.delete("g/a");
    assertThat(repository.create("g/a", bytes("b"))).isEqualTo(Creation.CREATED);
    assertThat(read(repository, "g/a", 0)).isEqualTo("b");
  }

  @Test
  void keysThatLeadElsewhereAreRefused() {
    Repository repository = repository();
    for (String key : List.of("../a", "/a", "a//b", "a/../b", "", ".hidden", "a/", "a b")) {
      assertThatThrownBy(() -> repository.create(key, bytes("x")))
          .as(key)
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  /** Creates; after an unknown outcome once more, as every caller does. */
  private static Creation untilKnown(Repository repository, String key, Path file)
      throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        return repository.create(key, file);
      } catch (IOException e) {
        if (attempt == 10) {
          throw e;
        }
      }
    }
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static String read(Repository repository, String key, long offset) throws IOException {
    try (InputStream in = repository.read(key, offset)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
