package dev.varve.bench;

import static dev.varve.bench.Report.figure;

import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.archive.SegmentReader;
import dev.varve.archive.SegmentWriter;
import dev.varve.change.Dot;
import dev.varve.change.Site;
import dev.varve.change.VersionVector;
import dev.varve.graph.Element;
import dev.varve.graph.ElementHasher;
import dev.varve.graph.ElementId;
import dev.varve.graph.ElementKind;
import dev.varve.graph.Value;
import dev.varve.graph.Vertex;
import dev.varve.topology.ElementVersion;
import dev.varve.topology.VersionHeader;
import dev.varve.wire.AvroOutput;
import dev.varve.wire.VersionCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.apache.avro.Schema;
import org.apache.avro.file.CodecFactory;
import org.apache.avro.file.DataFileReader;
import org.apache.avro.file.DataFileWriter;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;

/**
 * Segments against Avro's own container classes over the same records and codec, in turns. Writing:
 * records that are encoded already, as the compactor has them, against {@code appendEncoded}.
 * Reading: into the graph's types against generic records; and, as a checkpoint does, without
 * decoding against going through Avro's blocks without looking into them.
 *
 * <p>The segment's side does more: sha256 and counts of the whole, the order of ids, checksums.
 *
 * <p>{@code -Dvarve.bench.versions=500000 -Dvarve.bench.rounds=5}
 */
public final class SegmentBench {

  private static final int VERSIONS = Integer.getInteger("varve.bench.versions", 500_000);
  private static final int ROUNDS = Integer.getInteger("varve.bench.rounds", 5);
  private static final int BLOCK_BYTES = 128 * 1024;
  private static final int ZSTD_LEVEL = 1;
  private static final String KEY = "bench/segments/00000000000000000001-v000-00000000.avro";
  private static final Site SITE = new Site("bench", 1);

  private SegmentBench() {}

  private interface Pass {
    void run() throws IOException;
  }

  /** The records: one array, where in it each begins, and their ids. */
  private record Records(AvroOutput bytes, int[] starts, List<String> ids) {}

  public static void main(String[] arguments) throws Exception {
    Path directory = Files.createTempDirectory("varve-segment-bench");
    try {
      run(directory);
    } finally {
      Directories.delete(directory);
    }
  }

  private static void run(Path directory) throws IOException {
    Records records = records();
    Path segmentFile = directory.resolve("segment");
    Path bareFile = directory.resolve("bare");
    Manifest.Segment segment = writeSegment(records, segmentFile);
    Repository repository = new DirectoryRepository(directory.resolve("repository"));
    repository.create(KEY, segmentFile);
    Schema schema;
    try (DataFileReader<GenericRecord> reader =
        new DataFileReader<>(segmentFile.toFile(), new GenericDatumReader<>())) {
      schema = reader.getSchema();
    }
    Pass[] passes = {
      () -> writeSegment(records, segmentFile),
      () -> writeBare(records, bareFile, schema),
      () -> readSegment(repository, segment, true),
      () -> readBare(bareFile),
      () -> readSegment(repository, segment, false),
      () -> readBareBlocks(bareFile),
    };
    double[][] rates = new double[passes.length][ROUNDS];
    for (int round = -1; round < ROUNDS; round++) { // the first round warms up
      for (int i = 0; i < passes.length; i++) {
        int turn = i ^ (round & 1); // each pair in alternating order
        long began = System.nanoTime();
        passes[turn].run();
        double rate = VERSIONS / ((System.nanoTime() - began) / 1e9);
        if (round >= 0) {
          rates[turn][round] = rate;
        }
      }
    }
    double[] medians = Arrays.stream(rates).mapToDouble(SegmentBench::median).toArray();
    Report.print(
        "segment",
        figure("versions", VERSIONS),
        figure("bytesEncoded", records.bytes().length()),
        figure("bytesSegment", segment.object().bytes()),
        figure("bytesBare", Files.size(bareFile)),
        figure("writePerSecond", medians[0]),
        figure("bareWritePerSecond", medians[1]),
        figure("writeRatio", medians[0] / medians[1]),
        figure("readPerSecond", medians[2]),
        figure("bareReadPerSecond", medians[3]),
        figure("readRatio", medians[2] / medians[3]),
        figure("copyPerSecond", medians[4]),
        figure("bareBlocksPerSecond", medians[5]),
        figure("copyRatio", medians[4] / medians[5]),
        figure("bar", 0.7));
  }

  private static Manifest.Segment writeSegment(Records records, Path file) throws IOException {
    Files.deleteIfExists(file);
    try (SegmentWriter writer = new SegmentWriter(file, KEY, ElementKind.VERTEX)) {
      for (int i = 0; i < VERSIONS; i++) {
        int start = records.starts()[i];
        writer.append(
            records.ids().get(i),
            false,
            records.bytes().array(),
            start,
            records.starts()[i + 1] - start);
      }
      return writer.finish();
    }
  }

  private static void writeBare(Records records, Path file, Schema schema) throws IOException {
    try (DataFileWriter<GenericRecord> writer =
        new DataFileWriter<>(new GenericDatumWriter<GenericRecord>(schema))) {
      writer.setCodec(CodecFactory.zstandardCodec(ZSTD_LEVEL, true));
      writer.setSyncInterval(BLOCK_BYTES);
      writer.create(schema, file.toFile());
      for (int i = 0; i < VERSIONS; i++) {
        int start = records.starts()[i];
        writer.appendEncoded(
            ByteBuffer.wrap(records.bytes().array(), start, records.starts()[i + 1] - start));
      }
    }
  }

  private static void readSegment(Repository repository, Manifest.Segment segment, boolean decode)
      throws IOException {
    long removed = 0;
    try (SegmentReader reader = SegmentReader.open(repository, segment)) {
      while (reader.next()) {
        if (decode) {
          removed += reader.version().header().removed() ? 1 : 0;
        }
      }
    }
    if (removed != 0) {
      throw new IllegalStateException("read " + removed + " tombstones");
    }
  }

  private static void readBare(Path file) throws IOException {
    long removed = 0;
    try (DataFileReader<GenericRecord> reader =
        new DataFileReader<>(file.toFile(), new GenericDatumReader<>())) {
      while (reader.hasNext()) {
        GenericRecord version = (GenericRecord) reader.next().get("version");
        removed += version.get("hash") == null ? 1 : 0;
      }
    }
    if (removed != 0) {
      throw new IllegalStateException("read " + removed + " tombstones");
    }
  }

  private static void readBareBlocks(Path file) throws IOException {
    long count = 0;
    try (DataFileReader<GenericRecord> reader =
        new DataFileReader<>(file.toFile(), new GenericDatumReader<>())) {
      while (reader.hasNext()) {
        reader.nextBlock();
        count += reader.getBlockCount();
      }
    }
    if (count != VERSIONS) {
      throw new IllegalStateException("read " + count + " of " + VERSIONS);
    }
  }

  private static Records records() {
    Random random = new Random(42);
    ElementHasher hasher = new ElementHasher();
    VersionCodec codec = new VersionCodec();
    AvroOutput bytes = new AvroOutput();
    int[] starts = new int[VERSIONS + 1];
    List<String> ids = new ArrayList<>(VERSIONS);
    for (int i = 0; i < VERSIONS; i++) {
      ElementId id = ElementId.vertex(String.valueOf(i));
      Element vertex =
          Vertex.of(
              Set.of("Person"),
              Map.of(
                  "name",
                  Value.Text.of("name " + random.nextInt(1_000_000)),
                  "email",
                  Value.Text.of("user" + random.nextInt(1_000_000) + "@example.org"),
                  "age",
                  Value.Int.of(random.nextInt(100)),
                  "score",
                  Value.Float.of(random.nextDouble())));
      VersionVector vector = VersionVector.of(SITE, i);
      bytes.writeString(id.id());
      codec.write(
          new ElementVersion(
              id,
              new VersionHeader(
                  new Dot(SITE, i, 0),
                  1_790_000_000_000_000L + i * 997L,
                  vector.weight(),
                  vector,
                  Optional.of(hasher.hash(id, vertex)),
                  Optional.empty(),
                  false,
                  List.of(),
                  List.of()),
              Optional.of(vertex)),
          bytes);
      starts[i + 1] = bytes.length();
      ids.add(id.id());
    }
    return new Records(bytes, starts, ids);
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
