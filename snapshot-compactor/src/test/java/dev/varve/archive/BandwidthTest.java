package dev.varve.archive;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BandwidthTest {

  private static final long SECOND = 1_000_000_000L;

  @TempDir private Path directory;
  private long now = 5 * SECOND;
  private final Bandwidth bandwidth = new Bandwidth(1000, () -> now, pause -> now += pause);

  @Test
  void bytesTakeTheTimeThatTheyMay() throws Exception {
    long before = now;
    assertThat(bandwidth.up(stream(10_000)).readAllBytes()).hasSize(10_000);
    assertThat(now - before).isBetween(9 * SECOND, 10 * SECOND);
  }

  @Test
  void directionsDoNotHinderEachOther() throws Exception {
    assertThat(bandwidth.up(stream(10_000)).readAllBytes()).hasSize(10_000);
    long before = now;
    assertThat(bandwidth.down(stream(100)).readAllBytes()).hasSize(100);
    assertThat(now - before).isZero();
  }

  @Test
  void idleTimeIsNotSavedUp() throws Exception {
    now += 100 * SECOND;
    long before = now;
    assertThat(bandwidth.down(stream(5_000)).readAllBytes()).hasSize(5_000);
    assertThat(now - before).isBetween(4 * SECOND, 5 * SECOND);
  }

  @Test
  void streamsShareIt() throws Exception {
    long before = now;
    InputStream one = bandwidth.down(stream(2_000));
    InputStream other = bandwidth.down(stream(2_000));
    for (int i = 0; i < 2_000; i++) {
      assertThat(one.read()).isZero();
      assertThat(other.read()).isZero();
    }
    assertThat(now - before).isBetween(3 * SECOND, 4 * SECOND);
  }

  @Test
  void directoryKeepsToIt() throws IOException {
    Repository repository = new DirectoryRepository(directory.resolve("r"), bandwidth);
    Path file = Files.write(directory.resolve("file"), new byte[3_000]);
    long before = now;
    repository.create("g/a", file);
    repository.create("g/b", new byte[1_000]);
    assertThat(now - before).isBetween(3 * SECOND, 4 * SECOND);
    before = now;
    try (InputStream in = repository.read("g/a", 1_000)) {
      assertThat(in.readAllBytes()).hasSize(2_000);
    }
    assertThat(now - before).isBetween(SECOND, 2 * SECOND);
  }

  private static InputStream stream(int bytes) {
    return new ByteArrayInputStream(new byte[bytes]);
  }
}
