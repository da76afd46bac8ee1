package dev.varve.restore;

import dev.varve.archive.Chain;
import dev.varve.change.InexactSpan;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import java.util.List;
import java.util.Optional;

/**
 * Behind which transactions of a chain the graph is not known exactly, so that nothing is restored
 * there. Pure: the manifests say it.
 *
 * @param spans by site and number
 */
public record Inexact(List<InexactSpan> spans) {

  public Inexact {
    spans = List.copyOf(spans);
  }

  public static Inexact of(Chain chain) {
    return new Inexact(
        InexactSpan.joined(
            chain.links().stream().flatMap(link -> link.manifest().inexact().stream()).toList()));
  }

  /**
   * The span that a moment falls into. Where a site has a later life, what its earlier ones left no
   * longer counts.
   */
  public Optional<InexactSpan> at(VersionVector vector) {
    return spans.stream()
        .filter(span -> includes(span, vector) && !livesOn(span.site(), vector))
        .findFirst();
  }

  private static boolean includes(InexactSpan span, VersionVector vector) {
    Long seq = vector.seqs().get(span.site());
    return seq != null && span.includes(span.site(), seq);
  }

  private static boolean livesOn(Site site, VersionVector vector) {
    return vector.seqs().keySet().stream()
        .anyMatch(
            other -> other.name().equals(site.name()) && other.incarnation() > site.incarnation());
  }
}
