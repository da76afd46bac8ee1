package dev.varve.archive;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files that hold the formats to what they were. */
final class Golden {

  private Golden() {}

  /**
   * The bytes of a golden file. With {@code -Dvarve.golden.write=true} the file is made of what is
   * written now: for a new version of a format only.
   */
  static byte[] file(String name, byte[] now) throws IOException {
    if (Boolean.getBoolean("varve.golden.write")) {
      Files.write(Path.of("src/test/resources/golden").resolve(name), now);
      return now;
    }
    try (InputStream in = Golden.class.getResourceAsStream("/golden/" + name)) {
      if (in == null) {
        throw new IOException("no golden file " + name);
      }
      return in.readAllBytes();
    }
  }
}
