package dev.varve.cli;

import dev.varve.archive.Keys;
import dev.varve.archive.Repositories;
import dev.varve.archive.Repository;
import dev.varve.archive.Repository.Creation;
import dev.varve.archive.Repository.Listed;
import dev.varve.archive.RepositoryConfig;
import dev.varve.archive.RepositoryLocation;
import dev.varve.archive.RepositoryUnavailableException;
import dev.varve.archive.s3.S3Repository;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/**
 * Looks at a repository in an object store with an object of its own: created, created again,
 * listed, read and removed.
 */
final class RepositoryCheck {

  private static final byte[] CONTENT = "varve doctor".getBytes(StandardCharsets.UTF_8);
  private static final byte[] OTHER_CONTENT = "another".getBytes(StandardCharsets.UTF_8);
  private static final int OFFSET = 6;
  private static final Duration SKEW_AT_MOST = Duration.ofMinutes(5);

  private final String what;
  private final Repository repository;
  private final String key = Keys.PROBES + UUID.randomUUID();
  private final List<Finding> findings = new ArrayList<>();

  private RepositoryCheck(String what, Repository repository) {
    this.what = what;
    this.repository = repository;
  }

  /**
   * Looks at it.
   *
   * @param what such as {@code repository}
   */
  static List<Finding> of(String what, RepositoryConfig config) {
    if (config.location() instanceof RepositoryLocation.Directory directory) {
      return List.of(PlaceCheck.place(what, directory.path(), what + ".root"));
    }
    try (Repository raw = Repositories.openRaw(config)) {
      RepositoryCheck check = new RepositoryCheck(what, raw);
      check.run();
      return check.findings;
    } catch (VarveException e) {
      return List.of(problem(what, e));
    }
  }

  private void run() {
    try {
      if (create()) {
        look();
        completeInParts();
        delete();
      }
    } catch (VarveException e) {
      findings.add(problem(what, e));
    } catch (RepositoryUnavailableException e) {
      findings.add(Finding.problem(what, String.valueOf(e.getMessage()), e.hint()));
    } catch (IOException e) {
      findings.add(Finding.problem(what, e.toString(), "see the network and the store's own log"));
    }
  }

  private boolean create() throws IOException {
    Creation first = repository.create(key, CONTENT);
    Creation second = repository.create(key, CONTENT);
    if (first != Creation.CREATED || second != Creation.ALREADY_EXISTS) {
      findings.add(
          Finding.problem(
              what,
              "this server does not honour conditional writes, two compactors could overwrite each"
                  + " other: the same object was created twice",
              "use a store that honours If-None-Match: *, or a newer version of this one"));
      return false;
    }
    findings.add(
        Finding.ok(what, repository.location() + " is writable and honours conditional writes"));
    return true;
  }

  private void look() throws IOException {
    Instant now = Instant.now();
    List<Listed> listed = repository.list(Keys.PROBES, "");
    Listed probe =
        listed.stream().filter(object -> object.key().equals(key)).findFirst().orElse(null);
    byte[] read;
    try (InputStream in = repository.read(key, OFFSET)) {
      read = in.readAllBytes();
    }
    if (probe == null) {
      findings.add(
          Finding.problem(
              what,
              "an object that was just created is not listed",
              "use a store whose lists are consistent"));
      return;
    }
    if (!Arrays.equals(read, Arrays.copyOfRange(CONTENT, OFFSET, CONTENT.length))) {
      findings.add(
          Finding.problem(
              what,
              "what was read back from the middle of an object is not what was written",
              "use a store that can read ranges of objects"));
      return;
    }
    Duration skew = Duration.between(probe.modifiedAt(), now).abs();
    findings.add(
        skew.compareTo(SKEW_AT_MOST) > 0
            ? Finding.problem(
                what,
                "this machine's clock and the store's differ by " + skew.toSeconds() + " s",
                "set the clock that is wrong, by a time server")
            : Finding.ok(what, "lists and reads what was written; the clocks agree"));
  }

  /** Long segments go up in parts; the object that is there must stay. */
  private void completeInParts() throws IOException {
    if (repository instanceof S3Repository bucket) {
      try {
        completeInParts(bucket);
      } catch (VarveException e) {
        findings.add(problem(what, e)); // the first object is still to be removed
      }
    }
  }

  private void completeInParts(S3Repository bucket) throws IOException {
    findings.add(
        switch (bucket.tryConditionalCompletion(key, OTHER_CONTENT)) {
          case HONOURED ->
              Finding.ok(
                  what,
                  "takes objects in parts, and refuses to complete one in the place of another");
          case IGNORED ->
              Finding.problem(
                  what,
                  "takes objects in parts, but does not honour If-None-Match when they are"
                      + " completed: the object that was there was replaced. Entries are safe, which"
                      + " never go up in parts; a long segment that two processes wrote at once would"
                      + " be the one of whoever was last",
                  "let only one process write the same copy at a time, or use a store that honours"
                      + " it, or a newer version of this one");
        });
  }

  private void delete() throws IOException {
    try {
      repository.delete(key);
      findings.add(Finding.ok(what, "may remove objects, as expire has to"));
    } catch (VarveException e) {
      findings.add(
          Finding.problem(
              what,
              "cannot remove " + key + ": " + e.getMessage(),
              "that is well if expire runs with other credentials; else give the right. Remove this"
                  + " object by hand"));
    }
  }

  private static Finding problem(String what, VarveException e) {
    return Finding.problem(what, String.valueOf(e.getMessage()), e.hint());
  }
}
