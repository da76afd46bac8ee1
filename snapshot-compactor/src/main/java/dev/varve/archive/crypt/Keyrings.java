package dev.varve.archive.crypt;

import dev.varve.archive.DamagedException;
import dev.varve.archive.NewerFormatException;
import dev.varve.archive.Repository;
import dev.varve.archive.Repository.Creation;
import dev.varve.archive.Repository.Listed;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keyrings of a repository: reads them, begins them, and moves them to another master key. None
 * is ever changed; a change is a new one, created on condition that there is none of its number.
 */
public final class Keyrings {

  private static final Logger LOG = LoggerFactory.getLogger(Keyrings.class);
  private static final int ATTEMPTS_MAX = 10;
  private static final int KEY_ID_BYTES = 16;
  private static final int LENGTH_MAX = 16 << 20;

  private final Repository raw;
  private final SecureRandom random;
  private final Clock clock;

  /**
   * @param raw as objects lie there, not decrypted
   */
  public Keyrings(Repository raw, SecureRandom random, Clock clock) {
    this.raw = raw;
    this.random = random;
    this.clock = clock;
  }

  /**
   * A keyring that lies in the repository.
   *
   * @param ring absent if it cannot be understood
   */
  public record Found(String key, Optional<Keyring> ring, Optional<String> damage) {}

  /**
   * What a rotation did.
   *
   * @param created whether the keyring was made now; false where an earlier attempt had made it
   * @param removed older keyrings that are gone now
   * @param left older keyrings that can still be opened with the keys that they were made under
   */
  public record Rotated(Keyring ring, boolean created, List<String> removed, List<String> left) {
    public Rotated {
      removed = List.copyOf(removed);
      left = List.copyOf(left);
    }
  }

  private record Read(
      String key, byte[] bytes, @Nullable Keyring ring, @Nullable VarveException error) {}

  /** All keyrings, oldest first. */
  public List<Found> list() throws IOException {
    return readAll().stream()
        .map(
            read ->
                new Found(
                    read.key(),
                    Optional.ofNullable(read.ring()),
                    Optional.ofNullable(read.error()).map(e -> String.valueOf(e.getMessage()))))
        .toList();
  }

  /** Whether the repository is an encrypted one. */
  static boolean arePresent(Repository raw) throws IOException {
    return raw.list(Keyring.PREFIX).stream().anyMatch(key -> Keyring.numberOf(key).isPresent());
  }

  /**
   * The repository's keys, of the newest keyring that the master key opens; empty if there is no
   * keyring.
   *
   * @throws VarveException with {@link ExitCode#WRONG_KEY} if it opens none
   * @throws DamagedException if the keyring that it would open is damaged
   */
  Optional<RepositoryKeys> load(MasterKey master) throws IOException {
    List<Read> all = readAll();
    if (all.isEmpty()) {
      return Optional.empty();
    }
    Read newest = all.get(all.size() - 1);
    VarveException damage = null;
    for (int i = all.size() - 1; i >= 0; i--) {
      Read read = all.get(i);
      try {
        RepositoryKeys keys = unwrap(read, master);
        if (keys != null) {
          if (read != newest) {
            LOG.warn(
                "{} in {} is of another master key or damaged; going on with {}, which the given"
                    + " key opens for now",
                newest.key(),
                raw.location(),
                read.key());
          }
          return Optional.of(keys);
        }
      } catch (DamagedException | NewerFormatException e) {
        damage = damage == null ? e : damage;
      }
    }
    throw damage != null ? damage : wrongKey(newest, master);
  }

  /** Begins a repository with one key of its own; whoever was faster has made it. */
  RepositoryKeys begin(MasterKey master, String id, byte[] key) throws IOException {
    Keyring ring =
        new Keyring(1, master.id(), List.of(wrap(master, id, key, null)), clock.instant());
    raw.create(ring.key(), ring.write(master));
    return load(master)
        .orElseThrow(() -> new IOException(ring.key() + " was created and is not there"));
  }

  static String newKeyId(SecureRandom random) {
    byte[] bytes = new byte[KEY_ID_BYTES];
    random.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  static byte[] newKey(SecureRandom random) {
    byte[] bytes = new byte[Gcm.KEY_BYTES];
    random.nextBytes(bytes);
    return bytes;
  }

  /**
   * Puts the repository's keys under another master key; no object is written anew. Run again after
   * a failure, it goes on where it was; what one attempt made, the next finds.
   *
   * @param old opens the newest keyring, unless it has been rotated to {@code next} already
   * @param next may be the old one, if there is to be a new repository key
   * @param newRepositoryKey whether new objects get another repository key from now on
   * @param retire whether to remove the older keyrings, so that the old master key opens nothing
   *     any more
   */
  public Rotated rotate(MasterKey old, MasterKey next, boolean newRepositoryKey, boolean retire)
      throws IOException {
    if (old.id().equals(next.id()) && !newRepositoryKey && !retire) {
      throw new VarveException(
          ExitCode.USAGE,
          "the new master key is the old one (" + old.id() + "), so there is nothing to rotate",
          "make another with 'varve key generate FILE', or ask for a new repository key");
    }
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      List<Read> all = readAll();
      if (all.isEmpty()) {
        throw new VarveException(
            ExitCode.NO_REPOSITORY,
            raw.location() + " has no keys: it is not encrypted, or nothing was written to it yet",
            "to encrypt a chain that is not, 'varve copy' it to a new repository");
      }
      Read newest = all.get(all.size() - 1);
      if (isDone(newest, old, next, newRepositoryKey)) {
        RepositoryKeys keys = unwrapNewest(newest, next);
        return finish(all, keys, false, retire);
      }
      RepositoryKeys keys = unwrapNewest(newest, old);
      Keyring ring = rewrapped(keys, next, newRepositoryKey);
      if (raw.create(ring.key(), ring.write(next)) == Creation.CREATED) {
        return finish(readAll(), opened(ring, next, keys), true, retire);
      }
      LOG.info("{} was made by somebody else; looking at it", ring.key());
    }
    throw new VarveException(
        ExitCode.FENCED,
        "the keyring was changed " + ATTEMPTS_MAX + " times while it was rotated",
        "see who else rotates keys in " + raw.location());
  }

  /** Whether an earlier attempt has made the new keyring. */
  private static boolean isDone(
      Read newest, MasterKey old, MasterKey next, boolean newRepositoryKey) {
    if (newest.ring() == null || !newest.ring().masterKeyId().equals(next.id())) {
      return false;
    }
    return !old.id().equals(next.id()) || !newRepositoryKey;
  }

  private RepositoryKeys unwrapNewest(Read newest, MasterKey master) {
    RepositoryKeys keys = unwrap(newest, master);
    if (keys == null) {
      throw wrongKey(newest, master);
    }
    return keys;
  }

  private Keyring rewrapped(RepositoryKeys keys, MasterKey next, boolean newRepositoryKey) {
    List<Keyring.Wrapped> wrapped = new ArrayList<>();
    for (Keyring.Wrapped each : keys.ring().keys()) {
      wrapped.add(wrap(next, each.id(), keys.key(each.id()).orElseThrow(), each));
    }
    if (newRepositoryKey) {
      wrapped.add(wrap(next, newKeyId(random), newKey(random), null));
    }
    return new Keyring(keys.ring().number() + 1, next.id(), wrapped, clock.instant());
  }

  private Keyring.Wrapped wrap(
      MasterKey master, String id, byte[] key, Keyring.@Nullable Wrapped before) {
    byte[] wrapped = master.wrap(key, Keyring.Wrapped.associated(id), random);
    return new Keyring.Wrapped(
        id,
        Base64.getEncoder().encodeToString(wrapped),
        before == null ? clock.instant() : before.createdAt());
  }

  /** Reads a new keyring back and compares what it opens to. */
  private RepositoryKeys opened(Keyring ring, MasterKey next, RepositoryKeys expected)
      throws IOException {
    RepositoryKeys back = unwrapNewest(read(ring.key()), next);
    Map<String, byte[]> old = new HashMap<>(back.byId());
    old.keySet().retainAll(expected.ids());
    if (!new RepositoryKeys(ring, old).sameKeysAs(expected)) {
      throw new DamagedException(ring.key(), "it does not hold the keys that were put in", null);
    }
    return back;
  }

  /** Removes older keyrings whose keys are all in the newest, which was opened just now. */
  private Rotated finish(List<Read> all, RepositoryKeys newest, boolean created, boolean retire)
      throws IOException {
    List<String> removed = new ArrayList<>();
    List<String> left = new ArrayList<>();
    for (Read read : all) {
      Keyring ring = read.ring();
      if (read.key().compareTo(newest.ring().key()) >= 0) {
        continue;
      }
      boolean covered =
          ring != null && ring.keys().stream().allMatch(each -> newest.ids().contains(each.id()));
      if (retire && covered) {
        raw.delete(read.key());
        removed.add(read.key());
      } else {
        left.add(read.key());
      }
    }
    return new Rotated(newest.ring(), created, removed, left);
  }

  /** The keys of a keyring; null if it is of another master key. */
  private @Nullable RepositoryKeys unwrap(Read read, MasterKey master) {
    Keyring ring = read.ring();
    if (ring == null) {
      VarveException error = read.error();
      throw error != null ? error : new IllegalStateException(read.key());
    }
    if (!ring.masterKeyId().equals(master.id())) {
      return null;
    }
    if (!Keyring.isBy(master, read.bytes())) {
      throw new DamagedException(
          read.key(), "its MAC is wrong: it was not written with the master key", null);
    }
    Map<String, byte[]> keys = new HashMap<>();
    for (Keyring.Wrapped each : ring.keys()) {
      keys.put(
          each.id(),
          master
              .unwrap(each.bytes(), Keyring.Wrapped.associated(each.id()))
              .orElseThrow(
                  () ->
                      new DamagedException(
                          read.key(), "key " + each.id() + " in it does not unwrap", null)));
    }
    return new RepositoryKeys(ring, keys);
  }

  private VarveException wrongKey(Read newest, MasterKey master) {
    Keyring ring = newest.ring();
    return new VarveException(
        ExitCode.WRONG_KEY,
        "the key given (id "
            + master.id()
            + ") does not open "
            + raw.location()
            + (ring == null
                ? ""
                : ": it is encrypted under master key "
                    + ring.masterKeyId()
                    + " since "
                    + ring.createdAt()),
        "give the right key; if it was rotated, give the new one");
  }

  private List<Read> readAll() throws IOException {
    for (int attempt = 1; ; attempt++) {
      TreeMap<Long, String> keys = new TreeMap<>();
      for (Listed listed : raw.list(Keyring.PREFIX, "")) {
        Keyring.numberOf(listed.key()).ifPresent(number -> keys.put(number, listed.key()));
      }
      List<Read> all = new ArrayList<>();
      try {
        for (String key : keys.values()) {
          all.add(read(key));
        }
        return all;
      } catch (NoSuchFileException e) {
        if (attempt >= ATTEMPTS_MAX) { // it is retired while we look
          throw e;
        }
      }
    }
  }

  private Read read(String key) throws IOException {
    byte[] bytes;
    try (InputStream in = raw.read(key, 0)) {
      bytes = in.readNBytes(LENGTH_MAX);
    }
    try {
      return new Read(key, bytes, Keyring.read(key, bytes), null);
    } catch (DamagedException | NewerFormatException e) {
      return new Read(key, bytes, null, e);
    }
  }
}
