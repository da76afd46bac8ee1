package dev.varve.cdc.age;

import dev.varve.age.Agtype;
import dev.varve.age.Graphid;
import dev.varve.cdc.StoreLog.ReadAs;
import dev.varve.change.Change;
import dev.varve.change.ChangeHeader;
import dev.varve.change.Dot;
import dev.varve.change.Sweep;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.ChangeCodec;
import dev.varve.wire.SweepCodec;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Makes changes of the rows of one transaction. */
final class ElementChanges {

  private final ReadAs as;
  private final long seq;
  private final long committedAtMicros;
  private final ElementHasher hasher = new ElementHasher();
  private final ChangeCodec codec = new ChangeCodec();
  private final SweepCodec sweeps = new SweepCodec();

  ElementChanges(ReadAs as, long seq, long committedAtMicros) {
    this.as = as;
    this.seq = seq;
    this.committedAtMicros = committedAtMicros;
  }

  ElementId id(Touched touched) {
    return new ElementId(touched.kind(), Graphid.of(touched.id()).toString());
  }

  void write(Touched touched, Label label, long index, AvroOutput out) {
    ElementId id = id(touched);
    Optional<Element> after =
        Optional.ofNullable(touched.after()).map(image -> element(touched.kind(), label, image));
    ChangeHeader header =
        new ChangeHeader(
            new Dot(as.site(), seq, index),
            committedAtMicros,
            as.seen(),
            after.map(element -> hasher.hash(id, element)),
            List.of(),
            after.map(element -> altered(touched.before(), element)).orElse(List.of()));
    codec.write(new Change(id, header, after), out);
  }

  void sweep(Label label, int index, AvroOutput out) {
    sweeps.write(
        new Sweep(as.site(), seq, index, committedAtMicros, label.firstId(), label.lastId()), out);
  }

  private static Element element(ElementKind kind, Label label, Touched.Image image) {
    SortedMap<String, Value> properties = Agtype.properties(image.properties());
    if (kind == ElementKind.VERTEX) {
      return Vertex.of(label.isDefault() ? Set.of() : Set.of(label.name()), properties);
    }
    if (image.start() == null || image.end() == null) {
      throw new IllegalStateException("an edge without ends");
    }
    return Edge.of(label.shown(), image.start(), image.end(), properties);
  }

  private static List<String> altered(Touched.@Nullable Image before, Element after) {
    if (before == null) {
      return List.of();
    }
    SortedMap<String, Value> old = Agtype.properties(before.properties());
    Set<String> keys = new TreeSet<>(old.keySet());
    keys.addAll(after.properties().keySet());
    keys.removeIf(key -> Objects.equals(old.get(key), after.properties().get(key)));
    return List.copyOf(keys);
  }
}
