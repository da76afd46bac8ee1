package dev.varve.archive;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * A repository in a directory of a file system with hard links.
 *
 * <p>An object is written to a hidden file beside its place, forced to disk, and then linked to its
 * name: {@code link(2)} fails if the name is taken, so that of many who create the same key exactly
 * one succeeds, and no reader ever sees a part of an object. The directory is forced to disk before
 * {@code create} returns.
 */
public final class DirectoryRepository implements Repository {

  private static final int BUFFER_BYTES = 64 << 10;

  private final Path root;
  private final Bandwidth bandwidth;

  /**
   * @param root need not exist yet; it is created with the first object
   */
  public DirectoryRepository(Path root) {
    this(root, Bandwidth.UNLIMITED);
  }

  public DirectoryRepository(Path root, Bandwidth bandwidth) {
    this.root = root.toAbsolutePath().normalize();
    this.bandwidth = bandwidth;
  }

  @Override
  public List<Listed> list(String prefix, String after) throws IOException {
    int slash = prefix.lastIndexOf('/');
    Path start = slash < 0 ? root : path(prefix.substring(0, slash));
    List<Listed> found = new ArrayList<>();
    if (!Files.isDirectory(start)) {
      return found;
    }
    Files.walkFileTree(start, new Collector(start, prefix, after, found));
    found.sort(Comparator.comparing(Listed::key));
    return found;
  }

  @Override
  public OptionalLong sizeBytes(String key) throws IOException {
    try {
      return OptionalLong.of(Files.size(path(key)));
    } catch (NoSuchFileException e) {
      return OptionalLong.empty();
    }
  }

  @Override
  public InputStream read(String key, long offsetBytes) throws IOException {
    if (offsetBytes < 0) {
      throw new IllegalArgumentException("offsetBytes must be >= 0, got " + offsetBytes);
    }
    if (offsetBytes == 0) {
      return bandwidth.down(Files.newInputStream(path(key)));
    }
    FileChannel channel = FileChannel.open(path(key), StandardOpenOption.READ);
    return bandwidth.down(Channels.newInputStream(channel.position(offsetBytes)));
  }

  @Override
  public Creation create(String key, byte[] content) throws IOException {
    return create(
        key, temporary -> copy(bandwidth.up(new ByteArrayInputStream(content)), temporary));
  }

  @Override
  public Creation create(String key, Path content) throws IOException {
    return create(
        key,
        temporary -> {
          try (FileChannel source = FileChannel.open(content, StandardOpenOption.READ)) {
            if (bandwidth.unlimited()) {
              transfer(content, source, temporary);
            } else {
              copy(bandwidth.up(Channels.newInputStream(source)), temporary);
            }
          }
        });
  }

  private static void transfer(Path content, FileChannel source, FileChannel temporary)
      throws IOException {
    long size = source.size();
    long done = 0;
    while (done < size) {
      long count = source.transferTo(done, size - done, temporary);
      if (count <= 0) {
        throw new IOException(content + " shrank while it was copied");
      }
      done += count;
    }
  }

  private static void copy(InputStream source, FileChannel temporary) throws IOException {
    byte[] buffer = new byte[BUFFER_BYTES];
    for (int n = source.read(buffer); n >= 0; n = source.read(buffer)) {
      ByteBuffer rest = ByteBuffer.wrap(buffer, 0, n);
      while (rest.hasRemaining()) {
        temporary.write(rest);
      }
    }
  }

  @Override
  public void delete(String key) throws IOException {
    Path target = path(key);
    if (Files.deleteIfExists(target)) {
      forceDirectory(parent(target));
    }
  }

  @Override
  public String location() {
    return root.toString();
  }

  private Creation create(String key, Content content) throws IOException {
    Path target = path(key);
    if (Files.exists(target)) {
      return Creation.ALREADY_EXISTS;
    }
    Path directory = parent(target);
    createDirectories(directory);
    Path temporary =
        directory.resolve("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      try (FileChannel channel =
          FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        content.writeTo(channel);
        channel.force(true);
      }
      Files.createLink(target, temporary);
    } catch (FileAlreadyExistsException e) {
      return Creation.ALREADY_EXISTS;
    } catch (UnsupportedOperationException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "the file system of " + root + " has no hard links, so nothing was written",
          "use a local or NFS file system, or an s3:// root",
          e);
    } finally {
      Files.deleteIfExists(temporary);
    }
    forceDirectory(directory);
    return Creation.CREATED;
  }

  private void createDirectories(Path directory) throws IOException {
    List<Path> missing = new ArrayList<>();
    for (Path p = directory; p != null && !Files.isDirectory(p); p = p.getParent()) {
      missing.add(0, p);
    }
    for (Path p : missing) {
      try {
        Files.createDirectory(p);
      } catch (FileAlreadyExistsException e) {
        if (!Files.isDirectory(p)) {
          throw e;
        }
      }
      forceDirectory(parent(p));
    }
  }

  private Path path(String key) {
    return root.resolve(Keys.requireKey(key));
  }

  private static Path parent(Path path) {
    Path parent = path.getParent();
    if (parent == null) {
      throw new IllegalArgumentException(path + " has no parent");
    }
    return parent;
  }

  private static void forceDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private interface Content {
    void writeTo(FileChannel temporary) throws IOException;
  }

  private final class Collector extends SimpleFileVisitor<Path> {
    private final Path start;
    private final String prefix;
    private final String after;
    private final List<Listed> found;

    Collector(Path start, String prefix, String after, List<Listed> found) {
      this.start = start;
      this.prefix = prefix;
      this.after = after;
      this.found = found;
    }

    @Override
    public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
      return directory.equals(start) || !hidden(directory)
          ? FileVisitResult.CONTINUE
          : FileVisitResult.SKIP_SUBTREE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      String key = root.relativize(file).toString();
      if (!hidden(file) && key.startsWith(prefix) && key.compareTo(after) > 0) {
        found.add(new Listed(key, attributes.size(), attributes.lastModifiedTime().toInstant()));
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
      if (e instanceof NoSuchFileException) {
        return FileVisitResult.CONTINUE; // a temporary file that was there a moment ago
      }
      throw e;
    }

    private static boolean hidden(Path path) {
      Path name = path.getFileName();
      return name != null && name.toString().startsWith(".");
    }
  }
}
