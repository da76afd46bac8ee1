package dev.varve.bench;

import static dev.varve.bench.Report.figure;

import dev.varve.archive.Chain;
import dev.varve.archive.DirectoryRepository;
import dev.varve.archive.Manifest;
import dev.varve.archive.Repository;
import dev.varve.compact.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.avro.file.CodecFactory;
import org.apache.avro.file.DataFileReader;
import org.apache.avro.file.DataFileWriter;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;

/**
 * A checkpoint, merged of a base and deltas, against a bare pass over the same files with Avro's
 * own container classes, in turns: every record read and written again, same codec and level, same
 * number of files, forced to disk as a repository does. The checkpoint does more: it compares,
 * checks every hash on the way in, makes those of what it writes, and publishes.
 *
 * <p>{@code -Dvertices=200000 -Dedges=400000 -Ddeltas=10 -Dchanges=10000 -Drounds=5}
 */
public final class CheckpointMergeBench {

  private static final int BLOCK_BYTES = 128 * 1024;
  private static final int ZSTD_LEVEL = 1;

  private CheckpointMergeBench() {}

  public static void main(String[] arguments) throws Exception {
    Path directory = Files.createTempDirectory("varve-checkpoint-bench");
    try {
      run(directory);
    } finally {
      Directories.delete(directory);
    }
  }

  private static void run(Path directory) throws IOException {
    int rounds = Integer.getInteger("rounds", 5);
    Path root = directory.resolve("repository");
    SyntheticChain chain =
        new SyntheticChain(directory.resolve("scratch"), root, Long.getLong("seed", 1));
    chain.write(Long.getLong("vertices", 200_000), Long.getLong("edges", 400_000));
    for (int i = 0; i < Integer.getInteger("deltas", 10); i++) {
      chain.delta(Integer.getInteger("changes", 10_000));
    }
    Repository repository = new DirectoryRepository(root);
    List<Path> files = new ArrayList<>();
    long versions = 0;
    for (Chain.Link link : Chain.load(repository, SyntheticChain.GRAPH).links()) {
      versions += link.manifest().counts().versions();
      link.manifest().objects().forEach(object -> files.add(root.resolve(object.key())));
    }
    double[] merge = new double[rounds];
    double[] bare = new double[rounds];
    for (int round = -1; round < rounds; round++) { // the first warms up
      double first = round % 2 == 0 ? bare(files, directory.resolve("bare")) : merge(repository);
      double second = round % 2 == 0 ? merge(repository) : bare(files, directory.resolve("bare"));
      if (round >= 0) {
        bare[round] = round % 2 == 0 ? first : second;
        merge[round] = round % 2 == 0 ? second : first;
      }
    }
    double mergeSeconds = median(merge);
    double bareSeconds = median(bare);
    Report.print(
        "checkpoint-merge",
        figure("versions", versions),
        figure("bytes", bytes(files)),
        figure("checkpoint seconds", mergeSeconds),
        figure("bare pass seconds", bareSeconds),
        figure("ratio of speeds", bareSeconds / mergeSeconds),
        figure("bar", 0.5));
  }

  private static double merge(Repository repository) throws IOException {
    long began = System.nanoTime();
    Manifest made = Checkpoint.make(repository, SyntheticChain.GRAPH);
    double seconds = (System.nanoTime() - began) / 1e9;
    if (made.kind() != Manifest.Kind.CHECKPOINT) {
      throw new IllegalStateException("no checkpoint was made");
    }
    repository.delete(made.key()); // the next round is to make it again
    for (Manifest.StoredObject object : made.objects()) {
      repository.delete(object.key());
    }
    return seconds;
  }

  private static double bare(List<Path> files, Path target) throws IOException {
    long began = System.nanoTime();
    for (Path file : files) {
      Files.deleteIfExists(target);
      try (DataFileReader<GenericRecord> reader =
              new DataFileReader<>(file.toFile(), new GenericDatumReader<>());
          DataFileWriter<GenericRecord> writer =
              new DataFileWriter<>(new GenericDatumWriter<>(reader.getSchema()))) {
        writer.setCodec(CodecFactory.zstandardCodec(ZSTD_LEVEL, true));
        writer.setSyncInterval(BLOCK_BYTES);
        writer.create(reader.getSchema(), target.toFile());
        GenericRecord reused = null;
        while (reader.hasNext()) {
          reused = reused == null ? reader.next() : reader.next(reused);
          writer.append(reused);
        }
        writer.fSync();
      }
    }
    double seconds = (System.nanoTime() - began) / 1e9;
    Files.deleteIfExists(target);
    return seconds;
  }

  private static long bytes(List<Path> files) throws IOException {
    long bytes = 0;
    for (Path file : files) {
      bytes += Files.size(file);
    }
    return bytes;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
