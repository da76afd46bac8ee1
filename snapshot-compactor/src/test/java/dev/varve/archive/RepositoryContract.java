package dev.varve.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.archive.Repository.Creation;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every repository has to do, whatever it is made of. */
abstract class RepositoryContract {

  private static final int RACERS = 8;
  private static final int RACES = 40;

  @TempDir Path files;

  /** An empty repository. */
  abstract Repository repository();

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
  void keysThatLeadElsewhereAreRefused() {
    Repository repository = repository();
    for (String key : List.of("../a", "/a", "a//b", "a/../b", "", ".hidden", "a/", "a b")) {
      assertThatThrownBy(() -> repository.create(key, bytes("x")))
          .as(key)
          .isInstanceOf(IllegalArgumentException.class);
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
