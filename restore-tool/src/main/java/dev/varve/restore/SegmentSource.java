package dev.varve.restore;

import dev.varve.archive.DamagedException;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.archive.SegmentReader;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.topology.VersionHeader;
import dev.varve.wire.AvroInput;
import dev.varve.wire.MalformedRecordException;
import dev.varve.wire.VersionCodec;
import java.io.IOException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The versions of one run of segments, as far as a vector covers them. Every segment is checked to
 * its end. Memory: one block.
 */
final class SegmentSource implements VersionSource {

  private static final byte[] NONE = new byte[0];

  private final Repository repository;
  private final Iterator<Manifest.Segment> segments;
  private final VersionVector vector;
  private final VersionCodec codec = new VersionCodec();
  private @Nullable SegmentReader reader;
  private @Nullable String lastId;

  SegmentSource(Repository repository, List<Manifest.Segment> segments, VersionVector vector) {
    this.repository = repository;
    this.segments = segments.iterator();
    this.vector = vector;
  }

  @Override
  public @Nullable Version next() {
    String key = "the repository";
    try {
      while (true) {
        if (reader == null) {
          if (!segments.hasNext()) {
            return null;
          }
          Manifest.Segment segment = segments.next();
          key = segment.object().key();
          checkOrder(segment);
          reader = SegmentReader.open(repository, segment);
        }
        SegmentReader open = reader;
        key = open.segment().object().key();
        if (!open.next()) {
          lastId = open.segment().lastId();
          reader = null;
          open.close();
        } else {
          AvroInput in = open.versionBytes();
          VersionHeader header = codec.readHeader(in);
          if (vector.covers(header.dot())) {
            return new Version(open.id(), header, state(header, in));
          }
        }
      }
    } catch (MalformedRecordException e) {
      throw new DamagedException(key, String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "cannot read " + key + " in " + repository.location() + ": " + e,
          "see that the repository can be reached and read",
          e);
    }
  }

  private static byte[] state(VersionHeader header, AvroInput in) {
    return header.removed()
        ? NONE
        : Arrays.copyOfRange(in.array(), in.position(), in.position() + in.remaining());
  }

  private void checkOrder(Manifest.Segment segment) {
    if (lastId != null && Version.compareIds(lastId, segment.firstId()) > 0) {
      throw new DamagedException(
          segment.object().key(), "it begins at " + segment.firstId() + ", before " + lastId, null);
    }
  }

  @Override
  public void close() {
    if (reader != null) {
      try {
        reader.close();
      } catch (IOException e) {
        // it was only read
      }
    }
  }
}
