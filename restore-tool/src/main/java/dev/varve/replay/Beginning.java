package dev.varve.replay;

import dev.varve.archive.Chain;
import dev.varve.archive.Manifest;
import dev.varve.archive.Reached;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.restore.Moment;
import dev.varve.restore.Progress;
import dev.varve.restore.Restore;
import dev.varve.restore.convert.Conversion;
import dev.varve.restore.convert.Engine;
import dev.varve.restore.convert.Findings;
import dev.varve.restore.standby.Standby;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes a store a standby, if it is none yet: restores the newest cut that it may hold. */
final class Beginning {

  private static final Logger LOG = LoggerFactory.getLogger(Beginning.class);

  private final ReplayConfig config;
  private final Boundary boundary;
  private final Conversion conversion;

  Beginning(ReplayConfig config, Boundary boundary, Conversion conversion) {
    this.config = config;
    this.boundary = boundary;
    this.conversion = conversion;
  }

  void make(Standby standby, Progress progress) {
    Standby.Condition found = standby.inspect();
    if (found instanceof Standby.Condition.At at && !config.overwrite()) {
      requireSameChain(at.reached());
      at.crossed().ifPresent(crossed -> requireFrom(crossed.from(), at.reached()));
      return;
    }
    Chain chain = load();
    Chain.Link link =
        found instanceof Standby.Condition.Unfinished unfinished && !config.overwrite()
            ? at(chain, unfinished.vector())
            : newest(chain);
    requireAgreed(link.manifest());
    LOG.info("restoring vv:{} to begin the standby with", link.manifest().to());
    Restore.run(
        config.repository(),
        config.graph(),
        new Moment.AtVector(link.manifest().to()),
        findings ->
            standby.bootstrap(Reached.of(link), () -> findings.get().map(Findings::crossed)),
        conversion,
        config.overwrite(),
        progress);
  }

  /**
   * A restore needs the operator's word only if something has to be converted; of a graph that goes
   * on changing nobody knows.
   */
  private void requireAgreed(Manifest manifest) {
    Engine source = engine(manifest.sites());
    Engine target = conversion.to().orElse(source);
    if (source == target) {
      return;
    }
    String what =
        "graph '%s' is of %s, and the standby would be %s"
            .formatted(manifest.graph(), source.title(), target.title());
    if (source == Engine.OTHER) {
      throw new VarveException(
          ExitCode.USAGE,
          what,
          "no standby of that kind can follow it; varve restore --convert makes a copy of it");
    }
    if (!conversion.agreed()) {
      throw new VarveException(
          ExitCode.USAGE,
          what,
          "say --convert to write what that cannot hold in another form, by the table in"
              + " docs/conversions.md; such a standby cannot be promoted (docs/standby.md)");
    }
  }

  /** A standby goes on with what it was begun with. */
  private static void requireFrom(Engine from, Reached at) {
    Engine source = engine(at.sites());
    if (source != from) {
      throw new VarveException(
          ExitCode.USAGE,
          "the standby was begun with a graph of %s, and graph '%s' is of %s"
              .formatted(from.title(), at.graph(), source.title()),
          "name another target, or say --overwrite to remove what is in this one");
    }
  }

  private static Engine engine(List<Manifest.SiteCut> sites) {
    return Engine.ofStores(sites.stream().map(Manifest.SiteCut::store).toList());
  }

  /** Another chain of the same name would be applied to what it does not belong to. */
  private void requireSameChain(Reached at) {
    if (!at.graph().equals(config.graph())) {
      throw new VarveException(
          ExitCode.USAGE,
          "the standby is one of graph '%s', not of '%s'".formatted(at.graph(), config.graph()),
          "name another target, or say --overwrite to remove what is in this one");
    }
    Chain chain = load();
    boolean other =
        chain.links().stream()
            .anyMatch(
                link ->
                    link.manifest().number() == at.chain().number()
                        && !link.sha256().equals(at.chain().sha256()));
    if (other) {
      throw new VarveException(
          ExitCode.FAILED,
          "the standby was begun with another chain of graph '%s' than that in %s"
              .formatted(at.graph(), config.repository().location()),
          "name its own repository, or say --overwrite to restore it anew from this one");
    }
  }

  private static Chain.Link at(Chain chain, VersionVector vector) {
    return chain.restorable(Set.of()).stream()
        .filter(link -> link.manifest().to().equals(vector))
        .findFirst()
        .orElseThrow(
            () ->
                new VarveException(
                    ExitCode.OUTSIDE_WINDOW,
                    "the store holds an unfinished restore of vv:"
                        + vector
                        + ", which the chain no longer holds",
                    "say --overwrite to begin with a newer cut"));
  }

  private Chain.Link newest(Chain chain) {
    Optional<Chain.Link> newest =
        chain.restorable(Set.of()).stream()
            .filter(link -> admitted(link.manifest()))
            .max(
                Comparator.comparingLong((Chain.Link link) -> link.manifest().to().weight())
                    .thenComparingLong(link -> link.manifest().number()));
    if (newest.isEmpty() && chain.links().isEmpty()) {
      throw new VarveException(
          ExitCode.NO_REPOSITORY,
          "there is no snapshot of graph '" + config.graph() + "' to begin a standby with",
          "check repository.root and graph in the configuration; varve up makes snapshots");
    }
    return newest.orElseThrow(
        () ->
            new VarveException(
                ExitCode.OUTSIDE_WINDOW,
                "no snapshot of graph '" + config.graph() + "' is old enough to begin with",
                "varve info shows from when on; name a later moment, or a shorter --delay"));
  }

  private boolean admitted(Manifest manifest) {
    return manifest.sites().stream()
        .allMatch(cut -> boundary.admits(cut.site(), cut.seq(), manifest.committed().lastMicros()));
  }

  private Chain load() {
    return ChainFollower.load(config);
  }
}
