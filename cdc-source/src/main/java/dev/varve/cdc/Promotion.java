package dev.varve.cdc;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * That a site goes on in another store. It stands in the offsets topic, where every capture of the
 * site reads it before it begins.
 *
 * @param store the identity of the store that is the site's primary from now on
 * @param address where clients reach it, without anything secret
 * @param from where the capture of the primary before stood, for good; absent if it had published
 *     nothing
 * @param former the identities of all stores that were the primary before, the newest last
 * @param at by the clock of whoever promoted; for people
 */
public record Promotion(
    String store, String address, Optional<CaptureState> from, List<String> former, Instant at) {

  public Promotion {
    former = List.copyOf(former);
    if (former.contains(store)) {
      throw new IllegalArgumentException(store + " cannot have been replaced by itself");
    }
  }

  /**
   * The next one.
   *
   * @param last the one before, if there was one
   * @param state where capture stands
   */
  static Promotion to(
      String store,
      String address,
      Optional<Promotion> last,
      Optional<CaptureState> state,
      Instant at) {
    List<String> former = new ArrayList<>(last.map(Promotion::former).orElse(List.of()));
    last.map(Promotion::store).ifPresent(former::add);
    state.map(CaptureState::store).ifPresent(former::add);
    List<String> others = former.stream().distinct().filter(old -> !old.equals(store)).toList();
    return new Promotion(store, address, state, others, at);
  }

  /** Whether the capture of the promoted store has published something. */
  boolean begun(Optional<CaptureState> state) {
    return state.isPresent()
        && (from.isEmpty()
            || state.get().site().incarnation() > from.get().site().incarnation()
            || state.get().store().equals(store));
  }

  /** As it stands in the offsets topic. */
  Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("store", store);
    map.put("address", address);
    from.ifPresent(state -> map.put("from", state.toMap()));
    map.put("former", former);
    map.put("at", at.toString());
    return map;
  }

  /**
   * Reads what {@link #toMap} gives.
   *
   * @throws IllegalArgumentException if something is missing or malformed
   */
  @SuppressWarnings("unchecked") // a nested offset is a map
  static Promotion fromMap(Map<String, ?> map) {
    if (!(map.get("store") instanceof String store)
        || !(map.get("address") instanceof String address)
        || !(map.get("former") instanceof List<?> former)
        || !(map.get("at") instanceof String at)) {
      throw new IllegalArgumentException("not a promotion: " + map);
    }
    return new Promotion(
        store,
        address,
        Optional.ofNullable((Map<String, ?>) map.get("from")).map(CaptureState::fromMap),
        former.stream().map(String.class::cast).toList(),
        Instant.parse(at));
  }
}
