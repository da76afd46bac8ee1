package dev.varve.restore.convert;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.restore.GraphTarget;
import dev.varve.restore.LiveElement;
import dev.varve.restore.LiveElements;
import dev.varve.restore.LiveGraph;
import dev.varve.restore.Progress;
import dev.varve.restore.ReadBack;
import dev.varve.restore.RestoreIdentity;
import dev.varve.topology.Fingerprint;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Holds what it gets, under the ids that it gets. */
public class Memory implements GraphTarget {
  public final Map<ElementId, Element> graph = new TreeMap<>();

  @Override
  public String name() {
    return "memory";
  }

  @Override
  public Standing open(RestoreIdentity restore, boolean overwrite, Progress progress) {
    return Standing.FRESH;
  }

  @Override
  public void write(LiveGraph source, Progress progress) {
    for (LiveElements elements : Stream.of(source.vertices(), source.edges()).toList()) {
      try (elements) {
        for (LiveElement e = elements.next(); e != null; e = elements.next()) {
          graph.put(e.id(), e.state());
          assertThat(e.hash()).isEqualTo(new ElementHasher().hash(e.id(), e.state()));
        }
      }
    }
  }

  @Override
  public ReadBack readBack(Progress progress) {
    ElementHasher hasher = new ElementHasher();
    Fingerprint sum = Fingerprint.EMPTY;
    long vertices = 0;
    for (Map.Entry<ElementId, Element> element : graph.entrySet()) {
      sum = sum.plus(hasher.hash(element.getKey(), element.getValue()));
      vertices += element.getKey().kind() == ElementKind.VERTEX ? 1 : 0;
    }
    return new ReadBack(vertices, graph.size() - vertices, sum);
  }

  @Override
  public void finish(boolean good, Progress progress) {}

  @Override
  public void close() {}
}
