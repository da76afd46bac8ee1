package dev.varve.archive.s3;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Which bucket of which store, who asks, and how much at a time.
 *
 * @param prefix what all keys of the repository begin with, without slashes at its ends; may be
 *     empty
 * @param endpoint the store; absent: AWS
 * @param region absent: from the environment for AWS, {@value #USUAL_REGION} for other stores
 * @param pathStyle whether the bucket is named in the path instead of in the host name
 * @param credentials absent: from the environment, a profile, the container or the machine
 * @param caFile certificates that the store's own is checked against, PEM; absent: those of the JDK
 */
public record S3Options(
    String bucket,
    String prefix,
    Optional<URI> endpoint,
    Optional<String> region,
    boolean pathStyle,
    Optional<Credentials> credentials,
    Optional<Path> caFile,
    Transfer transfer,
    Retry retry) {

  static final String USUAL_REGION = "us-east-1";

  public S3Options {
    if (!bucket.matches("[A-Za-z0-9][A-Za-z0-9._-]{1,254}")) {
      throw new IllegalArgumentException("not the name of a bucket: '" + bucket + "'");
    }
    if (!prefix.matches("|[A-Za-z0-9!_.*'()-]+(/[A-Za-z0-9!_.*'()-]+)*")) {
      throw new IllegalArgumentException(
          "a prefix is made of letters, digits and !_.*'()- between slashes, got '" + prefix + "'");
    }
  }

  /** A bucket with usual settings. */
  public static S3Options of(String bucket, String prefix, Optional<URI> endpoint) {
    return new S3Options(
        bucket,
        prefix,
        endpoint,
        Optional.empty(),
        endpoint.isPresent(),
        Optional.empty(),
        Optional.empty(),
        Transfer.USUAL,
        Retry.USUAL);
  }

  /** What every key in the bucket begins with. */
  String root() {
    return prefix.isEmpty() ? "" : prefix + "/";
  }

  /** For messages. */
  String location() {
    return "s3://" + bucket + (prefix.isEmpty() ? "" : "/" + prefix);
  }

  public S3Options withRegion(Optional<String> value) {
    return new S3Options(
        bucket, prefix, endpoint, value, pathStyle, credentials, caFile, transfer, retry);
  }

  public S3Options withPathStyle(boolean value) {
    return new S3Options(
        bucket, prefix, endpoint, region, value, credentials, caFile, transfer, retry);
  }

  public S3Options withCredentials(Optional<Credentials> value) {
    return new S3Options(
        bucket, prefix, endpoint, region, pathStyle, value, caFile, transfer, retry);
  }

  public S3Options withCaFile(Optional<Path> value) {
    return new S3Options(
        bucket, prefix, endpoint, region, pathStyle, credentials, value, transfer, retry);
  }

  public S3Options withTransfer(Transfer value) {
    return new S3Options(
        bucket, prefix, endpoint, region, pathStyle, credentials, caFile, value, retry);
  }

  public S3Options withRetry(Retry value) {
    return new S3Options(
        bucket, prefix, endpoint, region, pathStyle, credentials, caFile, transfer, value);
  }

  /** A key pair; its text names the access key only. */
  public record Credentials(String accessKey, String secretKey) {
    public Credentials {
      if (accessKey.isBlank() || secretKey.isBlank()) {
        throw new IllegalArgumentException("an access key needs its secret key, and both a value");
      }
    }

    @Override
    public String toString() {
      return accessKey;
    }
  }

  /**
   * How much goes over the wire at a time.
   *
   * @param partBytes how long a part of an upload is; longer files go up in several. A file of more
   *     than {@value MultipartUpload#MAX_PARTS} parts has longer ones
   * @param uploads how many parts of all files go up at once
   * @param rangeBytes how much of an object is fetched ahead with one request
   * @param ranges how many such requests of all readers run ahead at once, and so, together, how
   *     many ranges are held in memory
   */
  public record Transfer(long partBytes, int uploads, int rangeBytes, int ranges) {

    /** The least that stores take as a part that is not the last. */
    public static final long LEAST_PART_BYTES = 5L << 20;

    /** 16 MiB parts, four at once; 32 MiB of memory for reading ahead. */
    public static final Transfer USUAL = new Transfer(16L << 20, 4, 8 << 20, 4);

    public Transfer {
      if (partBytes < 1 || uploads < 1 || rangeBytes < 1 || ranges < 0) {
        throw new IllegalArgumentException(
            "sizes and counts must be > 0, got "
                + partBytes
                + ", "
                + uploads
                + ", "
                + rangeBytes
                + ", "
                + ranges);
      }
    }

    public Transfer withPartBytes(long value) {
      return new Transfer(value, uploads, rangeBytes, ranges);
    }
  }

  /**
   * How often a request is sent before the caller hears of it, and the pauses in between, which
   * double and are shortened by chance.
   *
   * @param firstPause after the first failure
   * @param throttledPause the same where the store asks for less
   */
  public record Retry(
      int attempts, Duration firstPause, Duration throttledPause, Duration longestPause) {

    /** Some 25 seconds in all. */
    public static final Retry USUAL =
        new Retry(8, Duration.ofMillis(200), Duration.ofMillis(1000), Duration.ofSeconds(20));

    public Retry {
      if (attempts < 1) {
        throw new IllegalArgumentException("attempts must be > 0, got " + attempts);
      }
    }
  }
}
