package dev.varve.archive;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;
import org.apache.avro.file.DataFileReader;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.io.JsonEncoder;

/**
 * A branch as a directory of open files: {@code changes.avro} and {@code transactions.avro} as they
 * are in the repository, decrypted; the same as lines of JSON, in Avro's JSON encoding; and last
 * {@code varve-branch.json}, the manifest. Without that the directory is not done.
 */
public final class BranchExport {

  static final String MANIFEST = "varve-branch.json";
  private static final String CHANGES = "changes";
  private static final String TRANSACTIONS = "transactions";

  private BranchExport() {}

  /**
   * Writes the files.
   *
   * @param directory is made if it is not there; must be empty
   * @throws DamagedException if the branch is
   * @throws IOException if the repository cannot be read, or the directory not written to
   */
  public static void write(Repository repository, Branch branch, Path directory)
      throws IOException {
    Files.createDirectories(directory);
    try (Stream<Path> there = Files.list(directory)) {
      if (there.findAny().isPresent()) {
        throw new VarveException(
            ExitCode.FAILED, directory + " is not empty", "name a directory that is");
      }
    }
    for (Manifest.StoredObject object : branch.objects()) {
      Damage damage = Chain.check(repository, object).orElse(null);
      if (damage != null) {
        throw new DamagedException(object.key(), damage.text(), null);
      }
    }
    List<String> names = List.of(CHANGES, TRANSACTIONS);
    for (int i = 0; i < names.size(); i++) {
      Path avro = directory.resolve(names.get(i) + ".avro");
      try (InputStream in = repository.read(branch.objects().get(i).key(), 0)) {
        Files.copy(in, avro);
      }
      lines(avro, directory.resolve(names.get(i) + ".jsonl"));
    }
    Path part = directory.resolve(MANIFEST + ".part");
    Files.write(part, Transfer.bytesOf(repository, branch.key()));
    Files.move(part, directory.resolve(MANIFEST), StandardCopyOption.ATOMIC_MOVE);
  }

  private static void lines(Path avro, Path json) throws IOException {
    try (DataFileReader<Object> reader =
            new DataFileReader<>(avro.toFile(), new GenericDatumReader<>());
        OutputStream out = new BufferedOutputStream(Files.newOutputStream(json))) {
      GenericDatumWriter<Object> writer = new GenericDatumWriter<>(reader.getSchema());
      for (Object datum : reader) {
        JsonEncoder encoder =
            EncoderFactory.get().jsonEncoder(reader.getSchema(), new Unclosed(out));
        writer.write(datum, encoder);
        encoder.flush();
        out.write('\n');
      }
    }
  }

  /** An encoder for each line must not close what the lines go to. */
  private static final class Unclosed extends java.io.FilterOutputStream {
    Unclosed(OutputStream out) {
      super(out);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
    }

    @Override
    public void flush() {
      // at the end of the file
    }

    @Override
    public void close() {
      // at the end of the file
    }
  }
}
