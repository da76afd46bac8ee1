package dev.varve.restore;

import dev.varve.archive.Chain;
import dev.varve.archive.Damage;
import dev.varve.archive.Keys;
import dev.varve.archive.Manifest;
import dev.varve.change.VersionVector;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Whether the manifests of a chain agree about its cuts. Pure: no object is looked at. */
final class CutCheck {

  private CutCheck() {}

  /**
   * Every head goes on where the one before ended, and whoever ends at a cut says the same of it.
   */
  static List<Damage> of(Chain chain) {
    List<Damage> damage = new ArrayList<>();
    Map<VersionVector, Manifest> said = new HashMap<>();
    chain.links().stream()
        .map(Chain.Link::manifest)
        .filter(Manifest::head)
        .forEach(head -> said.putIfAbsent(head.to(), head));
    for (Chain.Link link : chain.links()) {
      Manifest manifest = link.manifest();
      Manifest other = said.putIfAbsent(manifest.to(), manifest);
      if (other != null && !sameGraph(other, manifest)) {
        damage.add(
            new Damage.Unreadable(
                manifest.key(),
                manifest.key()
                    + " promises another graph at vv:"
                    + manifest.to()
                    + " than "
                    + other.key()));
      }
    }
    Manifest before = null;
    for (Chain.Link link : chain.links()) {
      Manifest head = link.manifest();
      if (head.head()) {
        if (before != null
            && head.kind() == Manifest.Kind.DELTA
            && !head.from().equals(before.to())
            && wholeBetween(chain, before.number(), head.number())) {
          damage.add(
              new Damage.Unreadable(
                  head.key(),
                  head.key()
                      + " goes on from vv:"
                      + head.from()
                      + ", but "
                      + before.key()
                      + " ended at vv:"
                      + before.to()));
        }
        before = head;
      }
    }
    return damage;
  }

  private static boolean sameGraph(Manifest a, Manifest b) {
    return a.fingerprint().equals(b.fingerprint())
        && a.counts().vertices() == b.counts().vertices()
        && a.counts().edges() == b.counts().edges();
  }

  /** Whether no entry between two is damaged or has expired: it may have been a head. */
  private static boolean wholeBetween(Chain chain, long first, long last) {
    String from = Keys.manifest(chain.graph(), first);
    String to = Keys.manifest(chain.graph(), last);
    boolean damaged =
        chain.damage().stream()
            .anyMatch(found -> found.key().compareTo(from) > 0 && found.key().compareTo(to) < 0);
    boolean expired =
        chain.ledger().stream()
            .flatMap(ledger -> ledger.expired().stream())
            .anyMatch(range -> range.first() < last && range.last() > first);
    return !damaged && !expired;
  }
}
