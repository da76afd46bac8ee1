package dev.varve.wire;

import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.graph.ElementHash;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** The fields that changes and element versions have in common. */
final class HeaderCodec {

  /** A graph has a handful of sites; a stream of ever new ones must not fill the heap. */
  private static final int CACHED_SITES_MAX = 1024;

  private final Map<String, Site> sites = new HashMap<>();

  Site readSite(AvroInput in) {
    String text = in.readString();
    Site known = sites.get(text);
    if (known != null) {
      return known;
    }
    try {
      Site site = Site.parse(text);
      if (sites.size() < CACHED_SITES_MAX) {
        sites.put(text, site);
      }
      return site;
    } catch (IllegalArgumentException e) {
      throw new MalformedRecordException(String.valueOf(e.getMessage()), e);
    }
  }

  static void writeDot(Dot dot, AvroOutput out) {
    out.writeString(dot.site().toString()).writeLong(dot.seq()).writeLong(dot.index());
  }

  Dot readDot(AvroInput in) {
    Site site = readSite(in);
    long seq = in.readLong();
    long index = in.readLong();
    if (seq < 0 || index < 0) {
      throw new MalformedRecordException("found the dot " + site + "/" + seq + "/" + index);
    }
    return new Dot(site, seq, index);
  }

  static void writeVector(VersionVector vector, AvroOutput out) {
    if (!vector.seqs().isEmpty()) {
      out.writeInt(vector.seqs().size());
      for (Map.Entry<Site, Long> entry : vector.seqs().entrySet()) {
        out.writeString(entry.getKey().toString()).writeLong(entry.getValue());
      }
    }
    out.writeInt(0);
  }

  VersionVector readVector(AvroInput in) {
    int count = in.readBlockCount();
    if (count == 0) {
      return VersionVector.EMPTY;
    }
    SortedMap<Site, Long> seqs = new TreeMap<>();
    for (; count > 0; count = in.readBlockCount()) {
      for (int i = 0; i < count; i++) {
        Site site = readSite(in);
        seqs.put(site, in.readLong());
      }
    }
    return new VersionVector(seqs);
  }

  static void writeHash(Optional<ElementHash> hash, AvroOutput out) {
    if (hash.isEmpty()) {
      out.writeInt(0);
    } else {
      out.writeInt(1).writeFixedLong(hash.get().high()).writeFixedLong(hash.get().low());
    }
  }

  static Optional<ElementHash> readHash(AvroInput in) {
    return in.readBranch(2) == 0
        ? Optional.empty()
        : Optional.of(new ElementHash(in.readFixedLong(), in.readFixedLong()));
  }

  static List<String> readStrings(AvroInput in) {
    int count = in.readBlockCount();
    if (count == 0) {
      return List.of();
    }
    List<String> strings = new ArrayList<>();
    for (; count > 0; count = in.readBlockCount()) {
      for (int i = 0; i < count; i++) {
        strings.add(in.readString());
      }
    }
    return strings;
  }

  static void writeOptional(Optional<String> value, AvroOutput out) {
    if (value.isEmpty()) {
      out.writeInt(0);
    } else {
      out.writeInt(1).writeString(value.get());
    }
  }

  static Optional<String> readOptional(AvroInput in) {
    return in.readBranch(2) == 0 ? Optional.empty() : Optional.of(in.readString());
  }
}
