package dev.varve.restore.convert;

import dev.varve.restore.TargetUri;
import java.util.Optional;

/**
 * Into which engine a graph is restored.
 *
 * @param to absent if the target holds every graph as it is
 * @param agreed whether the operator agreed that values are written in another form where the
 *     target cannot hold them
 */
public record Conversion(Optional<Engine> to, boolean agreed) {

  /** Into a target that holds every graph as it is, or the kind of store that it comes from. */
  public static final Conversion NONE = new Conversion(Optional.empty(), false);

  public static Conversion into(TargetUri uri, boolean agreed) {
    return new Conversion(Engine.ofTarget(uri), agreed);
  }

  /** The way from another engine; absent if it is the same one. */
  public Optional<Crossing> from(Engine from) {
    return to.filter(engine -> engine != from).map(engine -> new Crossing(from, engine));
  }
}
