package dev.varve.cdc;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.graph.ElementKind;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Where capture stands, all of it: what is kept in the offsets topic and read back at a start.
 *
 * <p>First the graph is scanned ({@link #scan} is present, {@link #position} stays where the log
 * ended before). Then the log is read from there; until the transaction that was the last one when
 * the scan ended ({@link #until}), the graph is not consistent and no watermark is published.
 *
 * @param site whose changes these are
 * @param store the identity of the store
 * @param position up to where the log has been published
 * @param seq the last transaction that has been published whole
 * @param committedAtMicros when that was committed
 * @param reached the last transaction of which anything has been published
 * @param transactions how many records the transactions topic has ever been given
 * @param seen what the site's writer had seen of other sites: its own earlier incarnations
 * @param replaces the incarnation before this one, until the first watermark has said so
 */
public record CaptureState(
    Site site,
    String store,
    String position,
    long seq,
    long committedAtMicros,
    long reached,
    long transactions,
    VersionVector seen,
    Optional<Site> replaces,
    Optional<Scan> scan,
    Optional<Until> until) {

  private static final String ALL_READ = "ALL_READ";
  private static final String NO_POSITION = "";
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * How far the scan is.
   *
   * @param kind which kind of element is being read; vertices come first; absent when all are read
   * @param cursor where the next page of them begins
   * @param counts how many elements there have been, by {@code v:} or {@code e:} and their label
   */
  public record Scan(
      Optional<ElementKind> kind, Optional<String> cursor, SortedMap<String, Long> counts) {
    public Scan {
      counts = Collections.unmodifiableSortedMap(new TreeMap<>(counts));
    }
  }

  /**
   * The transaction from which on the graph is consistent.
   *
   * @param seq absent if the store does not tell: then it is at the log's end, reached by a reading
   *     that began after the scan
   */
  public record Until(Optional<Long> seq, long committedAtMicros) {}

  /**
   * As much as a chain tells, where Kafka is lost. Where the log was read up to is not in it.
   *
   * @param seq the last transaction that is laid down
   * @param seen of other sites
   */
  public static CaptureState laidDown(
      Site site, String store, long seq, long committedAtMicros, VersionVector seen) {
    return new CaptureState(
        site,
        store,
        NO_POSITION,
        seq,
        committedAtMicros,
        seq,
        0,
        seen,
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** Whether it says where in the log to read on. */
  public boolean hasPosition() {
    return !position.equals(NO_POSITION);
  }

  /** Before the first page of a scan. */
  static CaptureState beforeScan(
      Site site,
      String store,
      LogHead head,
      long transactions,
      VersionVector seen,
      Optional<Site> replaces) {
    Scan scan = new Scan(Optional.of(ElementKind.VERTEX), Optional.empty(), new TreeMap<>());
    return new CaptureState(
        site,
        store,
        head.position(),
        head.scanSeq(),
        head.committedAtMicros(),
        head.scanSeq(),
        transactions,
        seen,
        replaces,
        Optional.of(scan),
        Optional.empty());
  }

  CaptureState scanned(Scan progress) {
    return new CaptureState(
        site,
        store,
        position,
        seq,
        committedAtMicros,
        reached,
        transactions,
        seen,
        replaces,
        Optional.of(progress),
        Optional.empty());
  }

  /** After the scan, whose own transaction has been published; the log is next. */
  CaptureState scanEnded(LogHead end) {
    return new CaptureState(
        site,
        store,
        position,
        seq,
        committedAtMicros,
        reached,
        transactions + 1,
        seen,
        replaces,
        Optional.empty(),
        Optional.of(new Until(end.seq(), end.committedAtMicros())));
  }

  /** After a row of the log. */
  CaptureState read(
      String newPosition,
      long newSeq,
      long newCommittedAtMicros,
      long newReached,
      long newTransactions) {
    return new CaptureState(
        site,
        store,
        newPosition,
        newSeq,
        newCommittedAtMicros,
        newReached,
        newTransactions,
        seen,
        replaces,
        scan,
        until);
  }

  /** After the first watermark. */
  CaptureState consistent() {
    return new CaptureState(
        site,
        store,
        position,
        seq,
        committedAtMicros,
        reached,
        transactions,
        seen,
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** As primitive values by name, the form in which Kafka Connect keeps offsets. */
  public Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("site", site.toString());
    map.put("store", store);
    map.put("position", position);
    map.put("seq", seq);
    map.put("committedAt", committedAtMicros);
    map.put("reached", reached);
    map.put("transactions", transactions);
    map.put("seen", seen.toString());
    replaces.ifPresent(old -> map.put("replaces", old.toString()));
    scan.ifPresent(
        progress -> {
          map.put("scan", progress.kind().map(ElementKind::name).orElse(ALL_READ));
          progress.cursor().ifPresent(cursor -> map.put("scanCursor", cursor));
          map.put("scanCounts", write(progress.counts()));
        });
    until.ifPresent(
        end -> {
          end.seq().ifPresent(number -> map.put("until", number));
          map.put("untilCommittedAt", end.committedAtMicros());
        });
    return map;
  }

  /**
   * Reads what {@link #toMap} gives.
   *
   * @throws IllegalArgumentException if something is missing or malformed
   */
  public static CaptureState fromMap(Map<String, ?> map) {
    Optional<Scan> scan =
        text(map, "scan")
            .map(
                kind ->
                    new Scan(
                        kind.equals(ALL_READ)
                            ? Optional.empty()
                            : Optional.of(ElementKind.valueOf(kind)),
                        text(map, "scanCursor"),
                        read(needed(map, "scanCounts"))));
    Optional<Until> until =
        map.get("untilCommittedAt") == null
            ? Optional.empty()
            : Optional.of(
                new Until(
                    map.get("until") == null ? Optional.empty() : Optional.of(number(map, "until")),
                    number(map, "untilCommittedAt")));
    return new CaptureState(
        Site.parse(needed(map, "site")),
        needed(map, "store"),
        needed(map, "position"),
        number(map, "seq"),
        number(map, "committedAt"),
        number(map, "reached"),
        number(map, "transactions"),
        VersionVector.parse(needed(map, "seen")),
        text(map, "replaces").map(Site::parse),
        scan,
        until);
  }

  /** The position alone; absent in what was written before there was one. */
  public static Optional<String> positionOf(Map<String, ?> map) {
    return text(map, "position");
  }

  private static Optional<String> text(Map<String, ?> map, String key) {
    return Optional.ofNullable((String) map.get(key));
  }

  private static String needed(Map<String, ?> map, String key) {
    return text(map, key)
        .orElseThrow(() -> new IllegalArgumentException("offset without '" + key + "': " + map));
  }

  private static long number(Map<String, ?> map, String key) {
    if (map.get(key) instanceof Number number) {
      return number.longValue();
    }
    throw new IllegalArgumentException("offset without a number '" + key + "': " + map);
  }

  private static String write(SortedMap<String, Long> counts) {
    try {
      return JSON.writeValueAsString(counts);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static SortedMap<String, Long> read(String counts) {
    try {
      return JSON.readValue(counts, new TypeReference<TreeMap<String, Long>>() {});
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("malformed counts: " + counts, e);
    }
  }
}
