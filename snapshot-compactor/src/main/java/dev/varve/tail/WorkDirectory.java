package dev.varve.tail;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A directory for one run of one program's temporary files. A lock on a file beside it shows that
 * the program lives; what a killed one left is removed by the next.
 */
public final class WorkDirectory implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(WorkDirectory.class);
  private static final String LOCK = ".lock";

  private final Path path;
  private final Path lockFile;
  private final FileChannel lock;

  private WorkDirectory(Path path, Path lockFile, FileChannel lock) {
    this.path = path;
    this.lockFile = lockFile;
    this.lock = lock;
  }

  /**
   * Makes a directory in the parent, and removes those of programs that are dead.
   *
   * @param prefix of its name, which such programs have in common
   */
  public static WorkDirectory claim(Path parent, String prefix) throws IOException {
    Files.createDirectories(parent);
    removeAbandoned(parent, prefix);
    String name = prefix + UUID.randomUUID();
    Path lockFile = parent.resolve(name + LOCK);
    FileChannel lock =
        FileChannel.open(lockFile, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    FileLock held = lock.tryLock();
    if (held == null) {
      lock.close();
      throw new IOException(lockFile + " is locked by somebody else");
    }
    return new WorkDirectory(Files.createDirectory(parent.resolve(name)), lockFile, lock);
  }

  public Path path() {
    return path;
  }

  @Override
  public void close() throws IOException {
    removeTree(path);
    lock.close();
    Files.deleteIfExists(lockFile);
  }

  private static void removeAbandoned(Path parent, String prefix) throws IOException {
    List<Path> locks;
    try (Stream<Path> entries = Files.list(parent)) {
      locks =
          entries.filter(p -> p.getFileName().toString().matches(prefix + ".*\\" + LOCK)).toList();
    }
    for (Path file : locks) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
          FileLock held = channel.tryLock()) {
        if (held != null) {
          String name = file.getFileName().toString();
          removeTree(parent.resolve(name.substring(0, name.length() - LOCK.length())));
          Files.deleteIfExists(file);
        }
      } catch (OverlappingFileLockException e) {
        LOG.debug("{} is in use by this process", file);
      } catch (java.nio.file.NoSuchFileException e) {
        LOG.debug("{} was removed by somebody else", file);
      }
    }
  }

  private static void removeTree(Path root) throws IOException {
    if (!Files.exists(root)) {
      return;
    }
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(
              Path directory, @org.jspecify.annotations.Nullable IOException e) throws IOException {
            Files.deleteIfExists(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
