package dev.varve.cli.demo;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import org.neo4j.driver.Driver;
import org.neo4j.driver.Session;

/**
 * The songs that the Grateful Dead played, who sang and wrote them, and which followed which: the
 * graph that Apache TinkerPop ships, 808 vertices and 8,049 edges.
 *
 * @param vertices each with {@code labelV} and the properties
 * @param edges each with {@code labelE}, {@code source}, {@code target} and the properties
 */
record GratefulDead(List<Map<String, Object>> vertices, List<Map<String, Object>> edges) {

  private static final String RESOURCE = "grateful-dead.xml";
  private static final int BATCH = 1000;

  GratefulDead {
    vertices = List.copyOf(vertices);
    edges = List.copyOf(edges);
  }

  /** Reads the GraphML file from this program's resources. */
  static GratefulDead read() {
    try (InputStream in = GratefulDead.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("the installation lacks " + RESOURCE);
      }
      return parse(in);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + RESOURCE, e);
    } catch (XMLStreamException e) {
      throw new IllegalStateException(RESOURCE + " is not GraphML", e);
    }
  }

  private static GratefulDead parse(InputStream in) throws XMLStreamException {
    XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    XMLStreamReader xml = factory.createXMLStreamReader(in);
    Map<String, String> types = new HashMap<>();
    List<Map<String, Object>> vertices = new ArrayList<>();
    List<Map<String, Object>> edges = new ArrayList<>();
    Map<String, Object> element = new HashMap<>();
    while (xml.hasNext()) {
      if (xml.next() != XMLStreamConstants.START_ELEMENT) {
        continue;
      }
      switch (xml.getLocalName()) {
        case "key" ->
            types.put(xml.getAttributeValue(null, "id"), xml.getAttributeValue(null, "attr.type"));
        case "node" -> {
          element = new HashMap<>(Map.of("id", xml.getAttributeValue(null, "id")));
          vertices.add(element);
        }
        case "edge" -> {
          element =
              new HashMap<>(
                  Map.of(
                      "source", xml.getAttributeValue(null, "source"),
                      "target", xml.getAttributeValue(null, "target")));
          edges.add(element);
        }
        case "data" -> {
          String key = xml.getAttributeValue(null, "key");
          String text = xml.getElementText();
          element.put(key, "int".equals(types.get(key)) ? (Object) Long.valueOf(text) : text);
        }
        default -> {
          // the frame around the graph
        }
      }
    }
    return new GratefulDead(vertices, edges);
  }

  /** Writes the graph into an empty store, with an index and a constraint as it would have. */
  void load(Driver driver) {
    try (Session session = driver.session()) {
      session.run("CREATE INDEX song_name FOR (s:song) ON (s.name)").consume();
      session
          .run("CREATE CONSTRAINT artist_name FOR (a:artist) REQUIRE a.name IS UNIQUE")
          .consume();
      Map<String, Long> ids = new HashMap<>();
      for (String label : List.of("song", "artist")) {
        List<Map<String, Object>> rows =
            vertices.stream()
                .filter(vertex -> label.equals(vertex.get("labelV")))
                .map(vertex -> row(vertex, "id", "labelV"))
                .toList();
        session
            .run(
                "UNWIND $rows AS row CREATE (n:"
                    + label
                    + ") SET n = row.properties RETURN row.id AS key, id(n) AS id",
                Map.of("rows", rows))
            .forEachRemaining(
                found -> ids.put(found.get("key").asString(), found.get("id").asLong()));
      }
      for (String type : List.of("followedBy", "sungBy", "writtenBy")) {
        loadEdges(session, type, ids);
      }
    }
  }

  private void loadEdges(Session session, String type, Map<String, Long> ids) {
    List<Map<String, Object>> rows =
        edges.stream()
            .filter(edge -> type.equals(edge.get("labelE")))
            .map(
                edge -> {
                  Map<String, Object> row = row(edge, "source", "target", "labelE");
                  row.put("from", ids.get(edge.get("source")));
                  row.put("to", ids.get(edge.get("target")));
                  return row;
                })
            .toList();
    for (int from = 0; from < rows.size(); from += BATCH) {
      List<Map<String, Object>> batch = rows.subList(from, Math.min(from + BATCH, rows.size()));
      session
          .run(
              "UNWIND $rows AS row MATCH (a) WHERE id(a) = row.from MATCH (b) WHERE id(b) = row.to"
                  + " CREATE (a)-[r:"
                  + type
                  + "]->(b) SET r = row.properties",
              Map.of("rows", batch))
          .consume();
    }
  }

  private static Map<String, Object> row(Map<String, Object> element, String... own) {
    Map<String, Object> properties = new HashMap<>(element);
    Map<String, Object> row = new HashMap<>();
    for (String key : own) {
      row.put(key, properties.remove(key));
    }
    row.put("properties", properties);
    return row;
  }
}
