package dev.varve.compact;

import dev.varve.archive.Chain;
import dev.varve.archive.Entry;
import dev.varve.archive.EntryJson;
import dev.varve.archive.Keys;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.archive.Repository.Creation;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.tail.Insistence;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Puts files and manifests into the repository, and finds out what became of attempts whose answer
 * was lost. Deletes nothing, ever.
 */
final class Publisher {

  private final Repository repository;
  private final Insistence insistence;
  private final int compressionLevel;

  Publisher(Repository repository, Insistence insistence) {
    this(repository, insistence, CompactConfig.DEFAULT_COMPRESSION_LEVEL);
  }

  /**
   * @param compressionLevel of the files that are made for it
   */
  Publisher(Repository repository, Insistence insistence, int compressionLevel) {
    this.repository = repository;
    this.insistence = insistence;
    this.compressionLevel = compressionLevel;
  }

  int compressionLevel() {
    return compressionLevel;
  }

  /** How files are packed that are put now. */
  Manifest.Encoding encoding(Manifest.Kind kind) {
    return Manifest.Encoding.of(kind, repository.keyId());
  }

  /** What became of an entry. */
  sealed interface Outcome {}

  /** It is the next one of the chain. */
  record Published(Chain.Tip tip) implements Outcome {}

  /** Another entry has its number. */
  record Taken(Chain.Tip by) implements Outcome {}

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

  /**
   * Publishes a base or delta. Where its number was taken by an entry that moves no position, it
   * goes behind that.
   *
   * @throws VarveException with {@link ExitCode#FENCED} if another compactor's base or delta has
   *     the number
   */
  Chain.Tip publishHead(Manifest first) {
    Manifest manifest = first;
    while (true) {
      Outcome outcome = publish(manifest);
      if (outcome instanceof Published done) {
        return done.tip();
      }
      Chain.Tip by = ((Taken) outcome).by();
      if (by.entry().head() || !by.entry().parent().equals(manifest.parent())) {
        throw fenced(by.entry(), first.writer().id());
      }
      manifest = manifest.behind(by.asParent());
    }
  }

  /**
   * Publishes an entry that is as true behind any other as where it was meant to be: a merge or
   * checkpoint of what does not change any more.
   */
  Chain.Tip publishBehind(Entry first) {
    Entry entry = first;
    while (true) {
      Outcome outcome = publish(entry);
      if (outcome instanceof Published done) {
        return done.tip();
      }
      entry = entry.behind(((Taken) outcome).by().asParent());
    }
  }

  /**
   * Makes an entry exist, unless another has the number.
   *
   * @throws VarveException with {@link ExitCode#DAMAGE_FOUND} if the entry before it is gone and
   *     nothing comes after that
   */
  Outcome publish(Entry entry) {
    byte[] bytes = EntryJson.write(entry);
    EntryJson.read(entry.key(), bytes); // what cannot be read back must not be written
    return insistence.insist(
        "publish " + entry.key() + " in " + repository.location(),
        () -> {
          if (entry.parent().isPresent()) {
            Newest.require(repository, entry.graph(), entry.parent().get());
          }
          if (repository.create(entry.key(), bytes) == Creation.ALREADY_EXISTS) {
            byte[] there = read(entry.key());
            if (!Arrays.equals(there, bytes)) {
              return new Taken(Chain.Tip.of(entry.key(), there));
            }
          }
          Chain.Tip tip = Chain.Tip.of(entry.key(), bytes);
          checkPlace(tip);
          return new Published(tip);
        });
  }

  /**
   * A number may be free because its entry has expired: then the chain has gone on without us, and
   * what comes next does not follow this entry.
   */
  private void checkPlace(Chain.Tip tip) throws IOException {
    Entry entry = tip.entry();
    List<Repository.Listed> later =
        repository.list(Keys.manifests(entry.graph()), entry.key()).stream()
            .filter(listed -> Keys.manifestNumber(listed.key()).isPresent())
            .toList();
    if (later.isEmpty()) {
      return;
    }
    String next = later.get(0).key();
    Chain.Tip follower = Chain.Tip.of(next, read(next));
    if (!follower.entry().parent().equals(Optional.of(tip.asParent()))) {
      throw fenced(follower.entry(), entry.writer().id());
    }
  }

  private static VarveException fenced(Entry by, String writer) {
    return new VarveException(
        ExitCode.FENCED,
        "manifest %d was written by another compactor (%s) while this one (%s) was running; this one"
                .formatted(by.number(), by.writer().id(), writer)
            + " stops, nothing is lost",
        "let only one compactor run for a graph");
  }

  private byte[] read(String key) throws IOException {
    try (InputStream in = repository.read(key, 0)) {
      return in.readAllBytes();
    }
  }
}
