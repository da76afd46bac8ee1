package dev.varve.cdc.connector;

import dev.varve.graph.ElementKind;
import io.debezium.schema.DataCollectionSchema;
import io.debezium.schema.DatabaseSchema;
import io.debezium.spi.schema.DataCollectionId;
import java.util.List;
import java.util.Locale;

/** The two collections that a graph has for Debezium: its vertices and its edges. */
record Elements(ElementKind kind) implements DataCollectionId {

  static final List<Elements> ALL =
      List.of(new Elements(ElementKind.VERTEX), new Elements(ElementKind.EDGE));

  static Elements of(ElementKind kind) {
    return ALL.get(kind.ordinal());
  }

  @Override
  public String identifier() {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public List<String> parts() {
    return List.of(identifier());
  }

  @Override
  public List<String> databaseParts() {
    return parts();
  }

  @Override
  public List<String> schemaParts() {
    return parts();
  }

  /** A graph has no tables whose columns Debezium would have to know. */
  static final class Schema implements DatabaseSchema<Elements> {

    @Override
    public DataCollectionSchema schemaFor(Elements elements) {
      throw new UnsupportedOperationException("a graph's elements have no table schema");
    }

    @Override
    public List<Elements> dataCollectionIds() {
      return ALL;
    }

    @Override
    public boolean tableInformationComplete() {
      return true;
    }

    @Override
    public boolean isHistorized() {
      return false;
    }

    @Override
    public void close() {
      // holds nothing
    }
  }
}
