package dev.varve.cli.drill;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/** A small file system in memory that is mounted in a directory, so that it can really be full. */
final class SmallDisk implements AutoCloseable {

  private static final String SIZE = "96m";
  private static final int BLOCK_BYTES = 64 * 1024;
  private static final int LEAST_BYTES = 512;

  private final Path directory;

  private SmallDisk(Path directory) {
    this.directory = directory;
  }

  /**
   * Mounts it.
   *
   * @throws IOException if that is not permitted here, with what the system says
   */
  static SmallDisk mount(Path directory) throws IOException {
    Files.createDirectories(directory);
    Optional<String> refused =
        run("mount", "-t", "tmpfs", "-o", "size=" + SIZE, "varve-drill", directory.toString());
    if (refused.isPresent()) {
      throw new IOException("a small file system cannot be mounted: " + refused.get());
    }
    return new SmallDisk(directory);
  }

  /** Whether it can be done, by doing it; why not. */
  static Optional<String> refused(Path directory) {
    try (SmallDisk tried = mount(directory)) {
      return Files.isDirectory(tried.directory) ? Optional.empty() : Optional.of("it is gone");
    } catch (IOException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  /** Writes until nothing more goes on it. */
  void fill() throws IOException {
    int piece = BLOCK_BYTES;
    try (OutputStream out =
        Files.newOutputStream(
            filler(), StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING)) {
      while (piece >= LEAST_BYTES) {
        try {
          out.write(new byte[piece]);
        } catch (IOException e) {
          piece /= 2; // no room for so much: is there for less?
        }
      }
    }
  }

  /** Makes room again. */
  void free() throws IOException {
    Files.deleteIfExists(filler());
  }

  private Path filler() {
    return directory.resolve("filler");
  }

  @Override
  public void close() {
    try {
      run("umount", "-l", directory.toString())
          .ifPresent(
              why -> {
                throw new VarveException(
                    ExitCode.FAILED, "cannot unmount " + directory + ": " + why, "unmount it");
              });
    } catch (IOException e) {
      throw new VarveException(
          ExitCode.FAILED, "cannot unmount " + directory + ": " + e, "unmount it", e);
    }
  }

  /** What it says if it fails. */
  private static Optional<String> run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    try {
      return process.waitFor() == 0 ? Optional.empty() : Optional.of(said);
    } catch (InterruptedException e) {
      throw Trial.interrupted(e);
    }
  }
}
