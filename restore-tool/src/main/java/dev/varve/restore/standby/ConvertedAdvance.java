package dev.varve.restore.standby;

import dev.varve.archive.Reached;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementKind;
import dev.varve.graph.StoreSchema;
import dev.varve.restore.convert.Crossed;
import dev.varve.restore.convert.Crossing;
import dev.varve.restore.convert.Findings;
import dev.varve.restore.convert.Step;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.ElementCodec;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * An advance in the form of another engine. All of it was surveyed before there is such an object,
 * so what is refused is refused before anything is written.
 *
 * <p>Its cuts are those of the source: fingerprint and schema in them too.
 */
public final class ConvertedAdvance implements Advance {

  private final Advance source;
  private final Step step;
  private final StoreSchema schemaBefore;
  private final StoreSchema schemaAfter;
  private final ElementCodec codec = new ElementCodec();

  private ConvertedAdvance(Advance source, Step step, StoreSchema schemaBefore) {
    this.source = source;
    this.step = step;
    this.schemaBefore = schemaBefore;
    this.schemaAfter = step.carried(source.to().schema());
  }

  /**
   * Looks at all that changed.
   *
   * @param before what was seen of the graph until then
   * @throws dev.varve.fault.VarveException if something is refused
   */
  public static ConvertedAdvance of(Advance source, Crossing crossing, Crossed before) {
    Step step = crossing.step(before);
    for (ElementKind kind : List.of(ElementKind.VERTEX, ElementKind.EDGE)) {
      source.each(
          kind,
          changed -> {
            if (!changed.removed()) {
              step.survey(changed.id(), changed.state());
            }
          });
    }
    step.obstacle("vv:" + source.to().vector())
        .ifPresent(
            refusal -> {
              throw refusal;
            });
    return new ConvertedAdvance(
        source, step, before.carried(source.from().schema(), crossing.to()));
  }

  @Override
  public Reached from() {
    return source.from();
  }

  @Override
  public Reached to() {
    return source.to();
  }

  @Override
  public long elements() {
    return source.elements();
  }

  @Override
  public StoreSchema schemaBefore() {
    return schemaBefore;
  }

  @Override
  public StoreSchema schemaAfter() {
    return schemaAfter;
  }

  @Override
  public Optional<Crossed> crossed() {
    return Optional.of(step.crossed());
  }

  /** What is written in another form. */
  public List<Findings.Tally> converted() {
    return step.converted();
  }

  /** The names of the source's indexes and constraints that the standby lacks after it. */
  public List<String> leftOut() {
    return step.leftOut(source.to().schema());
  }

  @Override
  public void each(ElementKind kind, Consumer<Changed> receiver) {
    source.each(kind, changed -> receiver.accept(changed.removed() ? changed : convert(changed)));
  }

  private Changed convert(Changed changed) {
    Element state = changed.state();
    Element converted = step.converted(changed.id(), state);
    boolean same = changed.same() && (!(state instanceof Edge edge) || step.keepsType(edge.type()));
    byte[] encoded = converted == state ? changed.encoded() : encode(converted);
    return new Changed(changed.id(), encoded, same);
  }

  private byte[] encode(Element element) {
    AvroOutput out = new AvroOutput();
    codec.writeState(Optional.of(element), out);
    return out.toByteArray();
  }
}
