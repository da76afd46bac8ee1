package dev.varve.restore;

import dev.varve.archive.DamagedException;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.archive.SegmentReader;
import dev.varve.change.VersionVector;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import dev.varve.wire.MalformedRecordException;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The versions of one run of segments, as far as a vector covers them. Every segment is checked to
 * its end. Memory: one block, and those that versions are still held of.
 */
final class SegmentSource implements VersionSource {

  private final Repository repository;
  private final Iterator<Manifest.Segment> segments;
  private final VersionVector vector;
  private final boolean hashed;
  private @Nullable SegmentReader reader;
  private @Nullable String lastId;

  /**
   * @param hashed whether the hashes of the versions will be asked for
   */
  SegmentSource(
      Repository repository,
      List<Manifest.Segment> segments,
      VersionVector vector,
      boolean hashed) {
    this.repository = repository;
    this.segments = segments.iterator();
    this.vector = vector;
    this.hashed = hashed;
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
        } else if (open.coveredBy(vector)) {
          return new Version(open.id(), open.held(hashed));
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
