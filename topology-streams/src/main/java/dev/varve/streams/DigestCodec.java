package dev.varve.streams;

import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.graph.ElementHash;
import dev.varve.topology.VersionDigest;
import dev.varve.wire.AvroInput;
import dev.varve.wire.AvroOutput;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A digest as the fewest bytes: some 45 with one site. Local to an instance and read by nobody
 * else; a site is a number that {@link #sites} tells. Not thread-safe.
 *
 * <p>Vector (count, then site and seq each), dot (which of the vector's sites, how far its seq lies
 * behind the vector's, index), commit time, weight, and the hash if there is one.
 */
final class DigestCodec {

  private final List<Site> sites = new ArrayList<>();
  private final Map<Site, Integer> numbers = new HashMap<>();
  private final AvroOutput out = new AvroOutput();

  byte[] write(VersionDigest digest) {
    out.clear();
    Dot dot = digest.dot();
    SortedMap<Site, Long> seqs = digest.vector().seqs();
    out.writeInt(seqs.size());
    int at = 0;
    int dotsSite = -1;
    long dotsSeq = 0;
    for (Map.Entry<Site, Long> entry : seqs.entrySet()) {
      out.writeInt(numberOf(entry.getKey())).writeLong(entry.getValue());
      if (entry.getKey().equals(dot.site())) {
        dotsSite = at;
        dotsSeq = entry.getValue();
      }
      at++;
    }
    if (dotsSite < 0) {
      throw new IllegalArgumentException(dot + " is not in its own vector " + digest.vector());
    }
    out.writeInt(dotsSite).writeLong(dotsSeq - dot.seq()).writeLong(dot.index());
    out.writeLong(digest.committedAtMicros()).writeLong(digest.weight());
    if (digest.hash().isPresent()) {
      ElementHash hash = digest.hash().get();
      out.writeFixedLong(hash.high()).writeFixedLong(hash.low());
    }
    return out.toByteArray();
  }

  VersionDigest read(byte[] bytes) {
    AvroInput in = new AvroInput(bytes);
    int count = (int) in.readLong();
    Site[] inVector = new Site[count];
    long[] seqs = new long[count];
    for (int i = 0; i < count; i++) {
      inVector[i] = sites.get((int) in.readLong());
      seqs[i] = in.readLong();
    }
    int dotsSite = (int) in.readLong();
    Dot dot = new Dot(inVector[dotsSite], seqs[dotsSite] - in.readLong(), in.readLong());
    long committedAtMicros = in.readLong();
    long weight = in.readLong();
    Optional<ElementHash> hash =
        in.remaining() == 0
            ? Optional.empty()
            : Optional.of(new ElementHash(in.readFixedLong(), in.readFixedLong()));
    return new VersionDigest(dot, committedAtMicros, weight, vector(inVector, seqs), hash);
  }

  /** Every site that was written so far, by its number. */
  List<Site> sites() {
    return sites;
  }

  /** Goes on with the numbers that an earlier run gave. */
  void know(List<Site> earlier) {
    earlier.forEach(this::numberOf);
  }

  private int numberOf(Site site) {
    Integer number = numbers.get(site);
    if (number == null) {
      number = sites.size();
      sites.add(site);
      numbers.put(site, number);
    }
    return number;
  }

  private static VersionVector vector(Site[] sites, long[] seqs) {
    if (sites.length == 1) {
      return VersionVector.of(sites[0], seqs[0]);
    }
    SortedMap<Site, Long> vector = new TreeMap<>();
    for (int i = 0; i < sites.length; i++) {
      vector.put(sites[i], seqs[i]);
    }
    return new VersionVector(vector);
  }
}
