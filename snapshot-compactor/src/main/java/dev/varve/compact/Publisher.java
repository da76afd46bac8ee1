package dev.varve.compact;

import dev.varve.archive.Chain;
import dev.varve.archive.Manifest;
import dev.varve.archive.ManifestJson;
import dev.varve.archive.Repository;
import dev.varve.archive.Repository.Creation;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Puts files and manifests into the repository, and finds out what became of attempts whose answer
 * was lost. Deletes nothing, ever.
 */
final class Publisher {

  private final Repository repository;
  private final Insistence insistence;

  Publisher(Repository repository, Insistence insistence) {
    this.repository = repository;
    this.insistence = insistence;
  }

  /** What became of a manifest. */
  sealed interface Outcome {}

  /** It is the next one of the chain. */
  record Published(Chain.Link link) implements Outcome {}

  /** Another manifest has its number. */
  record Taken(Chain.Link by) implements Outcome {}

  /** Moves a local file to its place. The key is unique, so whatever lies there is this file. */
  void put(String key, Path file) {
    insistence.insist(
        "write " + key + " to " + repository.location(),
        () -> {
          if (repository.create(key, file) == Creation.ALREADY_EXISTS) {
            OptionalLong there = repository.sizeBytes(key);
            if (there.isEmpty() || there.getAsLong() != Files.size(file)) {
              throw new IOException(key + " exists with another length: " + there);
            }
          }
          return key;
        });
  }

  /** Makes a snapshot exist, unless another manifest has the number. */
  Outcome publish(Manifest manifest) {
    byte[] bytes = ManifestJson.write(manifest);
    ManifestJson.read(manifest.key(), bytes); // what cannot be read back must not be written
    return insistence.insist(
        "publish " + manifest.key() + " in " + repository.location(),
        () -> {
          if (repository.create(manifest.key(), bytes) == Creation.CREATED) {
            return new Published(Chain.Link.of(manifest.key(), bytes));
          }
          byte[] there = read(manifest.key());
          Chain.Link link = Chain.Link.of(manifest.key(), there);
          return Arrays.equals(there, bytes) ? new Published(link) : new Taken(link);
        });
  }

  /** The newest manifest of the graph. */
  Optional<Chain.Link> newest(String graph) {
    return insistence.insist(
        "read " + repository.location(), () -> Chain.loadNewest(repository, graph));
  }

  static VarveException fenced(Chain.Link by, String writer) {
    return new VarveException(
        ExitCode.FENCED,
        "manifest %d was written by another compactor (%s) while this one (%s) was running; this one"
                .formatted(by.manifest().number(), by.manifest().writer().id(), writer)
            + " stops, nothing is lost",
        "let only one compactor run for a graph");
  }

  private byte[] read(String key) throws IOException {
    try (InputStream in = repository.read(key, 0)) {
      return in.readAllBytes();
    }
  }
}
