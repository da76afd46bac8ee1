package dev.varve.archive;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where a repository is, as an operator writes it: a directory, or {@code s3://bucket/prefix}. */
public sealed interface RepositoryLocation {

  /** A directory of a file system. */
  record Directory(Path path) implements RepositoryLocation {
    @Override
    public String toString() {
      return path.toString();
    }
  }

  /**
   * A bucket, or a part of one.
   *
   * @param prefix without slashes at its ends; may be empty
   */
  record Bucket(String bucket, String prefix) implements RepositoryLocation {
    @Override
    public String toString() {
      return "s3://" + bucket + (prefix.isEmpty() ? "" : "/" + prefix);
    }
  }

  /**
   * Reads a location.
   *
   * @param base where relative paths begin
   * @throws VarveException with {@link ExitCode#USAGE} if it is neither
   */
  static RepositoryLocation parse(String text, Path base) {
    Matcher bucket = Syntax.BUCKET.matcher(text);
    if (bucket.matches()) {
      String prefix = bucket.group(2) == null ? "" : bucket.group(2);
      return new Bucket(bucket.group(1), prefix.endsWith("/") ? cut(prefix) : prefix);
    }
    if (text.isBlank() || Syntax.URI.matcher(text).matches()) {
      throw new VarveException(
          ExitCode.USAGE,
          "'" + text + "' is no place for a repository",
          "name a directory, or s3://bucket/prefix with letters, digits and !_.*'()- between the"
              + " slashes");
    }
    return new Directory(base.resolve(text).toAbsolutePath().normalize());
  }

  private static String cut(String prefix) {
    return prefix.substring(0, prefix.length() - 1);
  }

  /** What the two are told apart by. */
  final class Syntax {
    private static final Pattern URI = Pattern.compile("[A-Za-z0-9+.-]{2,}:/.*");
    private static final Pattern BUCKET =
        Pattern.compile(
            "s3://([A-Za-z0-9][A-Za-z0-9._-]{1,254})"
                + "(?:/((?:[A-Za-z0-9!_.*'()-]+(?:/[A-Za-z0-9!_.*'()-]+)*/?)?))?");

    private Syntax() {}
  }
}
