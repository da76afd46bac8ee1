package dev.varve.restore.target.dir;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.graph.Edge;
import dev.varve.graph.Element;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.restore.LiveElement;
import dev.varve.restore.LiveElements;
import dev.varve.restore.LiveGraph;
import dev.varve.restore.Progress;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A first look over the whole graph: which columns the CSV files have to have, and whether CSV can
 * hold everything. Takes memory by the number of different label sets, types and property keys.
 */
final class CsvSurvey {

  private static final int MAX_REFUSALS_SAID = 5;

  /** In the order of preference; one is taken that no label and no string in a list has in it. */
  private static final char[] ARRAY_DELIMITERS = {';', '|', '\t', '\u001f', '\u001e', '\u001d'};

  /** Of each group (a set of labels, or an edge type) the keys, and of each key the types. */
  private final Map<Object, SortedMap<String, TreeSet<String>>> groups = new LinkedHashMap<>();

  private final Map<Object, Boolean> oneTypeAKey = new HashMap<>();
  private final List<String> refusals = new ArrayList<>();
  private final BitSet usedDelimiters = new BitSet(ARRAY_DELIMITERS.length);
  private long refused;
  private boolean multiline;
  private int longestField;

  private CsvSurvey() {}

  /**
   * Looks over a graph.
   *
   * @throws VarveException if CSV cannot hold something, naming it
   */
  static CsvSurvey of(LiveGraph graph, Progress progress) {
    CsvSurvey survey = new CsvSurvey();
    progress.phase("survey", graph.estimate().vertices() + graph.estimate().edges());
    survey.add(graph.vertices(), progress);
    survey.add(graph.edges(), progress);
    if (survey.usedDelimiters.cardinality() == ARRAY_DELIMITERS.length) {
      survey.refuse("strings in lists and labels use up all characters that could part items");
    }
    if (survey.refused > 0) {
      throw new VarveException(
          ExitCode.FAILED,
          "CSV cannot hold the graph; nothing was written. "
              + survey.refused
              + " things are in the way: "
              + String.join("; ", survey.refusals)
              + (survey.refused > MAX_REFUSALS_SAID ? "; …" : ""),
          "say dir:<path>?format=avro, which holds everything");
    }
    return survey;
  }

  private void add(LiveElements elements, Progress progress) {
    try (elements) {
      for (LiveElement next = elements.next(); next != null; next = elements.next()) {
        add(next);
        progress.advance(1);
      }
    }
  }

  private void add(LiveElement live) {
    Element element = live.state();
    SortedMap<String, TreeSet<String>> columns =
        groups.computeIfAbsent(group(element), group -> new TreeMap<>());
    if (element instanceof Vertex vertex) {
      vertex.labels().forEach(this::note);
      vertex.labels().forEach(this::noteItem);
    }
    element
        .properties()
        .forEach(
            (key, value) -> {
              try {
                String type = CsvValues.type(value);
                columns.computeIfAbsent(key, missing -> new TreeSet<>()).add(type);
                note(value);
              } catch (CsvValues.Unfit e) {
                refuse(live.id() + " has in '" + key + "' " + e.getMessage());
              }
              if (!CsvFiles.fitsHeader(key)) {
                refuse(live.id() + " has the property key '" + key + "'");
              }
            });
  }

  private void refuse(String what) {
    refused++;
    if (refusals.size() < MAX_REFUSALS_SAID) {
      refusals.add(what);
    }
  }

  private void note(Value value) {
    if (value instanceof Value.Text text) {
      note(text.value());
    } else if (value instanceof Value.ListOf list) {
      int length = 0;
      for (Value item : list.items()) {
        if (item instanceof Value.Text text) {
          note(text.value());
          noteItem(text.value());
          length += text.value().length() + 1;
        } else {
          length += LONGEST_ITEM;
        }
      }
      longestField = Math.max(longestField, length);
    } else if (value instanceof Value.Bytes bytes) {
      longestField = Math.max(longestField, bytes.value().length * 5);
    }
  }

  private static final int LONGEST_ITEM = 80;

  private void note(String text) {
    longestField = Math.max(longestField, text.length());
    multiline |= text.indexOf('\n') >= 0 || text.indexOf('\r') >= 0;
  }

  private void noteItem(String text) {
    for (int i = 0; i < ARRAY_DELIMITERS.length; i++) {
      if (text.indexOf(ARRAY_DELIMITERS[i]) >= 0) {
        usedDelimiters.set(i);
      }
    }
  }

  /** What decides in which file an element goes, but for keys that hold different types. */
  static Object group(Element element) {
    return element instanceof Vertex vertex ? vertex.labels() : ((Edge) element).type();
  }

  /** Whether no key of a group holds values of different types. */
  boolean oneTypeAKey(Object group) {
    return oneTypeAKey.computeIfAbsent(
        group,
        missing -> {
          SortedMap<String, TreeSet<String>> keys = groups.get(group);
          return keys != null && keys.values().stream().allMatch(types -> types.size() == 1);
        });
  }

  /** The columns of an element's file: keys and types, in the order of the keys. */
  SortedMap<String, String> columns(Element element) {
    SortedMap<String, TreeSet<String>> keys = groups.get(group(element));
    if (keys == null) {
      throw new IllegalStateException("the graph changed between two passes");
    }
    SortedMap<String, String> columns = new TreeMap<>();
    keys.forEach(
        (key, types) -> {
          Value value = element.properties().get(key);
          columns.put(key, types.size() == 1 || value == null ? types.first() : type(value));
        });
    return columns;
  }

  private static String type(Value value) {
    try {
      return CsvValues.type(value);
    } catch (CsvValues.Unfit e) {
      throw new IllegalStateException("the graph changed between two passes", e);
    }
  }

  char arrayDelimiter() {
    return ARRAY_DELIMITERS[usedDelimiters.nextClearBit(0)];
  }

  /** Whether a string goes over several lines: the importer has to be told. */
  boolean multiline() {
    return multiline;
  }

  /** About how many characters the longest field has: the importer's buffer has to hold it. */
  int longestField() {
    return longestField;
  }
}
