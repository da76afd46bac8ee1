package dev.varve.archive;

import dev.varve.change.VersionVector;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * All manifests of a graph that can be trusted, and what is wrong with the others.
 *
 * <p>A manifest can be trusted if it can be read and has the hash by which the next one names it.
 *
 * @param links by number, ascending
 * @param damage by number of the manifest concerned, ascending
 */
public record Chain(String graph, List<Link> links, List<Damage> damage) {

  public Chain {
    links = List.copyOf(links);
    damage = List.copyOf(damage);
  }

  /**
   * A manifest as it lies in the repository.
   *
   * @param sha256 of its bytes
   */
  public record Link(Manifest manifest, String sha256) {

    /**
     * A manifest of its bytes.
     *
     * @throws DamagedException if they are not a manifest
     * @throws NewerFormatException if its major version is not known
     */
    public static Link of(String key, byte[] bytes) {
      return new Link(ManifestJson.read(key, bytes), Digests.sha256Of(bytes));
    }

    /** How a manifest that follows this one names it. */
    public Manifest.Parent asParent() {
      return new Manifest.Parent(manifest.number(), sha256);
    }
  }

  /**
   * A base or checkpoint and the deltas that lead on from it without a gap. Checkpoints on the way
   * are left out: they hold nothing that the deltas do not.
   */
  public record Stretch(Link base, List<Link> deltas) {
    public Stretch {
      deltas = List.copyOf(deltas);
    }

    /** The earliest cut that can be restored from it. */
    public VersionVector from() {
      return base.manifest().to();
    }

    /** The latest cut that can be restored from it. */
    public VersionVector to() {
      return newest().manifest().to();
    }

    public Link newest() {
      return deltas.isEmpty() ? base : deltas.get(deltas.size() - 1);
    }
  }

  /**
   * Loads all manifests of a graph. Damage is reported, not thrown; segments are not looked at.
   *
   * @throws IOException if the repository cannot be read
   */
  public static Chain load(Repository repository, String graph) throws IOException {
    List<Long> numbers = numbers(repository, graph);
    Map<Long, Link> readable = new HashMap<>();
    Map<Long, Damage> damage = new HashMap<>();
    for (long number : numbers) {
      String key = Keys.manifest(graph, number);
      try {
        Link link = read(repository, key);
        if (link.manifest().number() != number || !link.manifest().graph().equals(graph)) {
          throw new DamagedException(
              key,
              "it says that it is number "
                  + link.manifest().number()
                  + " of "
                  + link.manifest().graph(),
              null);
        }
        readable.put(number, link);
      } catch (NoSuchFileException e) {
        damage.put(number, new Damage.Missing(key));
      } catch (DamagedException e) {
        damage.put(number, new Damage.Unreadable(key, String.valueOf(e.getMessage())));
      } catch (NewerFormatException e) {
        damage.put(number, new Damage.TooNew(key, String.valueOf(e.getMessage())));
      }
    }
    return link(graph, numbers, readable, damage);
  }

  /** The newest manifest; empty if there is none. Reads no other, so it checks no link. */
  public static Optional<Link> loadNewest(Repository repository, String graph) throws IOException {
    List<Long> numbers = numbers(repository, graph);
    return numbers.isEmpty()
        ? Optional.empty()
        : Optional.of(read(repository, Keys.manifest(graph, numbers.get(numbers.size() - 1))));
  }

  /** The newest manifest that can be trusted. */
  public Optional<Link> newest() {
    return links.isEmpty() ? Optional.empty() : Optional.of(links.get(links.size() - 1));
  }

  /**
   * What can be restored from, oldest base first. Stretches overlap where a checkpoint was made:
   * there an older one stands in if a newer one's segments are lost.
   */
  public List<Stretch> stretches() {
    List<Stretch> stretches = new ArrayList<>();
    for (int i = 0; i < links.size(); i++) {
      Link base = links.get(i);
      if (base.manifest().kind().whole()) {
        List<Link> deltas = new ArrayList<>();
        VersionVector reached = base.manifest().to();
        for (Link next : links.subList(i + 1, links.size())) {
          if (next.manifest().kind() == Manifest.Kind.DELTA) {
            if (!next.manifest().from().equals(reached)) {
              break;
            }
            deltas.add(next);
            reached = next.manifest().to();
          } else if (!next.manifest().to().equals(reached)) {
            break;
          }
        }
        stretches.add(new Stretch(base, deltas));
      }
    }
    return stretches;
  }

  /**
   * Compares every object that the manifests name with its length and hash.
   *
   * @throws IOException if the repository cannot be read
   */
  public List<Damage> checkObjects(Repository repository) throws IOException {
    List<Damage> found = new ArrayList<>();
    for (Link link : links) {
      for (Manifest.Segment segment : link.manifest().segments()) {
        check(repository, segment.object()).ifPresent(found::add);
      }
      if (link.manifest().transactions().isPresent()) {
        check(repository, link.manifest().transactions().get().object()).ifPresent(found::add);
      }
    }
    return found;
  }

  /** Compares one object with its length and hash. */
  public static Optional<Damage> check(Repository repository, Manifest.StoredObject object)
      throws IOException {
    OptionalLong size = repository.sizeBytes(object.key());
    if (size.isEmpty()) {
      return Optional.of(new Damage.Missing(object.key()));
    }
    if (size.getAsLong() != object.bytes()) {
      return Optional.of(new Damage.WrongLength(object.key(), object.bytes(), size.getAsLong()));
    }
    try (InputStream in = repository.read(object.key(), 0)) {
      String actual = Digests.sha256Of(in);
      return actual.equals(object.sha256())
          ? Optional.empty()
          : Optional.of(new Damage.Altered(object.key(), object.sha256(), actual));
    } catch (NoSuchFileException e) {
      return Optional.of(new Damage.Missing(object.key()));
    } catch (DamagedException e) {
      return Optional.of(new Damage.Unreadable(object.key(), String.valueOf(e.getMessage())));
    }
  }

  private static List<Long> numbers(Repository repository, String graph) throws IOException {
    List<Long> numbers = new ArrayList<>();
    for (String key : repository.list(Keys.manifests(graph))) {
      Keys.manifestNumber(key).ifPresent(numbers::add);
    }
    return numbers;
  }

  private static Link read(Repository repository, String key) throws IOException {
    try (InputStream in = repository.read(key, 0)) {
      return Link.of(key, in.readAllBytes());
    }
  }

  /** The first manifest found may name a parent that is not there: older ones expire. */
  private static Chain link(
      String graph, List<Long> numbers, Map<Long, Link> readable, Map<Long, Damage> damage) {
    List<Link> links = new ArrayList<>();
    List<Damage> all = new ArrayList<>();
    long first = numbers.isEmpty() ? 1 : numbers.get(0);
    long last = numbers.isEmpty() ? 0 : numbers.get(numbers.size() - 1);
    for (long number = first; number <= last; number++) {
      Link link = readable.get(number);
      Damage known = damage.get(number);
      if (known != null) {
        all.add(known);
      } else if (link == null) {
        all.add(new Damage.Missing(Keys.manifest(graph, number)));
      } else {
        Link child = readable.get(number + 1);
        Optional<Manifest.Parent> named =
            child == null ? Optional.empty() : child.manifest().parent();
        if (named.isPresent() && !named.get().equals(link.asParent())) {
          all.add(new Damage.Altered(link.manifest().key(), named.get().sha256(), link.sha256()));
        } else {
          links.add(link);
        }
      }
    }
    return new Chain(graph, links, all);
  }
}
