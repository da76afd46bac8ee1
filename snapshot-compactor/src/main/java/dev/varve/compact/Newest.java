package dev.varve.compact;

import dev.varve.archive.Chain;
import dev.varve.archive.DamagedException;
import dev.varve.archive.Keys;
import dev.varve.archive.Manifest;
import dev.varve.archive.NewerFormatException;
import dev.varve.archive.Repository;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;

/**
 * The newest entry that a writer of a chain has seen, so that it notices a repository that is older
 * than it was: a shorter chain looks whole, and what is written on top of it would be another chain
 * than the one that copies and standbys know.
 *
 * <p>Remembered over restarts in a file of the work directory: three lines, the repository, the
 * entry's number and its sha256. Where a chain is and how far it goes stays a matter of its entries
 * alone: without the file nothing is compared, and nothing else changes.
 */
final class Newest {

  private static final String NAME = "newest-entry";

  private final Path file;

  /**
   * @param workDirectory of one graph
   */
  Newest(Path workDirectory) {
    this.file = workDirectory.resolve(NAME);
  }

  /**
   * Lets a repository pass that has what was seen of it.
   *
   * @throws VarveException with {@link ExitCode#DAMAGE_FOUND} if it is older, {@link
   *     ExitCode#FENCED} if another entry is in the place of the one that was seen
   */
  void require(Repository repository, String graph) throws IOException {
    Optional<Manifest.Parent> seen = read(repository.location());
    if (seen.isPresent()) {
      require(
          repository,
          graph,
          seen.get(),
          "; if what is missing is lost for good, remove " + file + " and start again");
    }
  }

  /** As {@link #require(Repository, String)}, for an entry that this process has seen. */
  static void require(Repository repository, String graph, Manifest.Parent seen)
      throws IOException {
    require(repository, graph, seen, "; if what is missing is lost for good, start again");
  }

  private static void require(
      Repository repository, String graph, Manifest.Parent seen, String otherwise)
      throws IOException {
    String key = Keys.manifest(graph, seen.number());
    try {
      Chain.Tip there = Chain.Tip.read(repository, key);
      if (!there.asParent().equals(seen)) {
        throw new VarveException(
            ExitCode.FENCED,
            "%s in %s is another entry than the one that was there: somebody else went on from an older state of the repository; nothing was written"
                .formatted(key, repository.location()),
            "let only one compactor run for a graph; if the repository was brought back from a"
                + " backup, see docs/operations.md, \"The repository is older than it was\"");
      }
    } catch (DamagedException | NewerFormatException e) {
      return; // it is there; what is wrong with it is for verify to say
    } catch (NoSuchFileException e) {
      boolean later =
          repository.list(Keys.manifests(graph), key).stream()
              .anyMatch(listed -> Keys.manifestNumber(listed.key()).isPresent());
      if (!later) { // else it has expired
        throw older(repository, key, otherwise);
      }
    }
  }

  static VarveException older(Repository repository, String key, String otherwise) {
    return new VarveException(
        ExitCode.DAMAGE_FOUND,
        "the repository %s is older than it was: %s had been there and is gone, and nothing comes after it; nothing was written"
            .formatted(repository.location(), key),
        "stop whatever writes to it and bring back what it lost: 'varve repair --from <copy>'"
            + otherwise
            + ": it then goes on from the newest snapshot that is there, if Kafka still holds what"
            + " follows");
  }

  /** Remembers an entry. */
  void write(String location, Manifest.Parent entry) throws IOException {
    Path next = file.resolveSibling(NAME + ".next");
    Files.write(next, List.of(location, Long.toString(entry.number()), entry.sha256()));
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Absent if nothing is known of this repository. */
  private Optional<Manifest.Parent> read(String location) throws IOException {
    try {
      List<String> lines = Files.readAllLines(file);
      return lines.size() == 3 && lines.get(0).equals(location)
          ? Optional.of(new Manifest.Parent(Long.parseLong(lines.get(1)), lines.get(2)))
          : Optional.empty();
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.empty(); // a crash of the machine left it half written
    }
  }
}
