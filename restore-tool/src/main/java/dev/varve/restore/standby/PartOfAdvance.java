package dev.varve.restore.standby;

import dev.varve.archive.Reached;
import dev.varve.graph.ElementKind;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Some of the elements of an advance, which are written before the others or after them. */
public record PartOfAdvance(Advance whole, Predicate<Advance.Changed> wanted) implements Advance {

  @Override
  public Reached from() {
    return whole.from();
  }

  @Override
  public Reached to() {
    return whole.to();
  }

  @Override
  public void each(ElementKind kind, Consumer<Changed> receiver) {
    whole.each(
        kind,
        changed -> {
          if (wanted.test(changed)) {
            receiver.accept(changed);
          }
        });
  }

  /** Of the whole. */
  @Override
  public long elements() {
    return whole.elements();
  }
}
