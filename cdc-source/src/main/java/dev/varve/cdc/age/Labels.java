package dev.varve.cdc.age;

import dev.varve.graph.ElementKind;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The labels of a graph at one point of its log, by id. They are part of the position, because the
 * log names an element's label by number only, and the catalogue knows no more than how it is now.
 *
 * <p>As text: {@code <id><v|e>[!]<name>[=<table>]}, separated by commas, names as in URLs.
 */
record Labels(SortedMap<Integer, Label> byId) {

  static final Labels NONE = new Labels(new TreeMap<>());

  Labels {
    byId = Collections.unmodifiableSortedMap(new TreeMap<>(byId));
  }

  static Labels of(Collection<Label> labels) {
    SortedMap<Integer, Label> byId = new TreeMap<>();
    labels.forEach(label -> byId.put(label.id(), label));
    return new Labels(byId);
  }

  Optional<Label> byId(int id) {
    return Optional.ofNullable(byId.get(id));
  }

  /** The label that is kept in a table. */
  Optional<Label> byTable(String table) {
    return byId.values().stream()
        .filter(label -> label.table().equals(table))
        .findFirst()
        .or(() -> byId.values().stream().filter(l -> l.name().equals(table)).findFirst());
  }

  Labels with(Label label) {
    SortedMap<Integer, Label> next = new TreeMap<>(byId);
    next.put(label.id(), label);
    return new Labels(next);
  }

  Labels without(int id) {
    SortedMap<Integer, Label> next = new TreeMap<>(byId);
    next.remove(id);
    return new Labels(next);
  }

  List<Label> open() {
    return byId.values().stream().filter(Label::open).toList();
  }

  String text() {
    StringBuilder text = new StringBuilder();
    for (Label label : byId.values()) {
      text.append(text.isEmpty() ? "" : ",").append(label.id()).append(label.kind().code());
      text.append(label.open() ? "!" : "").append(encoded(label.name()));
      if (!label.table().equals(label.name())) {
        text.append('=').append(encoded(label.table()));
      }
    }
    return text.toString();
  }

  /**
   * Reads what {@link #text} writes.
   *
   * @throws IllegalArgumentException if it is not of this form
   */
  static Labels parse(String text) {
    List<Label> labels = new ArrayList<>();
    for (String part : text.isEmpty() ? new String[0] : text.split(",", -1)) {
      int digits = 0;
      while (digits < part.length() && Character.isDigit(part.charAt(digits))) {
        digits++;
      }
      if (digits == 0 || digits + 1 >= part.length()) {
        throw new IllegalArgumentException("not a label of a position: '" + part + "'");
      }
      boolean open = part.charAt(digits + 1) == '!';
      String[] names = part.substring(digits + (open ? 2 : 1)).split("=", 2);
      labels.add(
          new Label(
              Integer.parseInt(part.substring(0, digits)),
              ElementKind.ofCode(part.charAt(digits)),
              decoded(names[0]),
              decoded(names[names.length - 1]),
              open));
    }
    return of(labels);
  }

  private static String encoded(String name) {
    return URLEncoder.encode(name, StandardCharsets.UTF_8);
  }

  private static String decoded(String name) {
    return URLDecoder.decode(name, StandardCharsets.UTF_8);
  }
}
