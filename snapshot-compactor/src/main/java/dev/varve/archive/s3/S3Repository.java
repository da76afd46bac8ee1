package dev.varve.archive.s3;

import dev.varve.archive.Bandwidth;
import dev.varve.archive.Keys;
import dev.varve.archive.Repository;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * A repository in a bucket of an S3-compatible store.
 *
 * <p>An object is created by a conditional write, {@code If-None-Match: *}; of many who create the
 * same key exactly one succeeds. Each is marked with the attempt that made it, so that an attempt
 * whose answer was lost finds out what became of it. What goes up is checked by its MD5, what was
 * put together of parts by its length; what comes down is checked by whoever knows its sha256. The
 * first object that is created shows whether the store honours the condition: it is created once
 * more, which has to be refused.
 */
public final class S3Repository implements Repository {

  private static final Logger LOG = LoggerFactory.getLogger(S3Repository.class);

  /** Object metadata: which attempt made it. */
  private static final String ATTEMPT = "varve-attempt";

  private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d+)-(\\d+)/(\\d+)");
  private static final long IDLE_SECONDS = 10;

  private final S3Options options;
  private final String root;
  private final S3Client client;
  private final Attempts attempts;
  private final ExecutorService uploaders;
  private final ExecutorService fetchers;
  private final Semaphore memory;

  private final S3Listing listing;

  /** Ids of uploads that are going on. */
  private final Set<String> running = ConcurrentHashMap.newKeySet();

  /** Ids of uploads of this process that were begun and are not known to be completed. */
  private final Set<String> left = ConcurrentHashMap.newKeySet();

  private volatile boolean conditionSeen;

  private S3Repository(S3Options options, S3Client client) {
    this.options = options;
    this.root = options.root();
    this.client = client;
    this.attempts = new Attempts(options.retry(), new S3Errors(options));
    this.uploaders = pool("s3-upload", options.transfer().uploads());
    this.fetchers = pool("s3-fetch", Math.max(1, options.transfer().ranges()));
    this.memory = new Semaphore(options.transfer().ranges());
    this.listing = new S3Listing(options, client, attempts, running);
  }

  /** Opens a bucket; nothing is asked of the store yet. */
  public static S3Repository open(S3Options options, Bandwidth bandwidth) {
    return new S3Repository(options, S3Connection.open(options, bandwidth));
  }

  private static ExecutorService pool(String name, int threads) {
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            threads,
            threads,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            work -> {
              Thread thread = new Thread(work, name);
              thread.setDaemon(true);
              return thread;
            });
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }

  @Override
  public List<Listed> list(String prefix, String after) throws IOException {
    return listing.list(prefix, after);
  }

  @Override
  public OptionalLong sizeBytes(String key) throws IOException {
    Optional<HeadObjectResponse> head = head(key);
    if (head.isPresent()) {
      return OptionalLong.of(head.get().contentLength());
    }
    requireBucket();
    return OptionalLong.empty();
  }

  /** Absent if there is no such object; or no such bucket, which a HEAD's answer does not tell. */
  private Optional<HeadObjectResponse> head(String key) throws IOException {
    try {
      return Optional.of(
          attempts.run(
              "look at " + name(key),
              () -> client.headObject(b -> b.bucket(options.bucket()).key(inBucket(key)))));
    } catch (S3Exception e) {
      answered(404, e);
      return Optional.empty();
    } catch (VarveException e) {
      requireBucket(); // the answer to a HEAD has no text: this one says what is wrong
      throw e;
    }
  }

  private void requireBucket() throws IOException {
    attempts.run(
        "list " + location(),
        () -> client.listObjectsV2(b -> b.bucket(options.bucket()).prefix(root).maxKeys(1)));
  }

  @Override
  public InputStream read(String key, long offsetBytes) throws IOException {
    if (offsetBytes < 0) {
      throw new IllegalArgumentException("offsetBytes must be >= 0, got " + offsetBytes);
    }
    Range first;
    try {
      first = range(key, offsetBytes, offsetBytes + options.transfer().rangeBytes(), null);
    } catch (S3Exception e) {
      if (e.statusCode() == 416) {
        return InputStream.nullInputStream(); // nothing follows this place
      }
      throw absent(key, e);
    }
    String eTag = first.eTag();
    RangedStream.Source source =
        new RangedStream.Source() {
          @Override
          public RangedStream.Body open(long from, long to) throws IOException {
            return again(key, from, to, eTag);
          }

          @Override
          public String name() {
            return S3Repository.this.name(key);
          }
        };
    return new RangedStream(
        source,
        attempts,
        fetchers,
        memory,
        options.transfer(),
        first,
        offsetBytes,
        first.to(),
        first.total());
  }

  private RangedStream.Body again(String key, long from, long to, @Nullable String eTag)
      throws IOException {
    try {
      return range(key, from, to, eTag);
    } catch (S3Exception e) {
      if (e.statusCode() == 412) {
        throw new IOException(
            name(key) + " became another object while it was read; objects must never be replaced",
            e);
      }
      throw absent(key, e);
    }
  }

  private IOException absent(String key, S3Exception e) {
    answered(404, e);
    NoSuchFileException absent = new NoSuchFileException(name(key));
    absent.initCause(e);
    return absent;
  }

  private Range range(String key, long from, long to, @Nullable String eTag) throws IOException {
    return attempts.run(
        "read " + name(key),
        () -> {
          ResponseInputStream<GetObjectResponse> body =
              client.getObject(
                  b ->
                      b.bucket(options.bucket())
                          .key(inBucket(key))
                          .range("bytes=" + from + "-" + (to - 1))
                          .ifMatch(eTag));
          return Range.of(body, from, to, name(key));
        });
  }

  /** A range that was asked for, as it comes. */
  private record Range(
      ResponseInputStream<GetObjectResponse> body, long to, long total, @Nullable String eTag)
      implements RangedStream.Body {

    static Range of(ResponseInputStream<GetObjectResponse> body, long from, long to, String name) {
      GetObjectResponse response = body.response();
      Matcher matcher =
          CONTENT_RANGE.matcher(Optional.ofNullable(response.contentRange()).orElse(""));
      if (matcher.matches() && Long.parseLong(matcher.group(1)) == from) {
        long total = Long.parseLong(matcher.group(3));
        return new Range(body, Math.min(to, total), total, response.eTag());
      }
      if (from == 0 && response.contentRange() == null) {
        long total = response.contentLength(); // the whole of it, in spite of the range
        return new Range(body, total, total, response.eTag());
      }
      body.abort();
      throw S3Errors.failed(
          "the store answered a request for the bytes of "
              + name
              + " from "
              + from
              + " with '"
              + response.contentRange()
              + "'",
          "use a store that can read ranges of objects",
          null);
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      return body.read(target, offset, length);
    }

    @Override
    public void close(boolean atEnd) {
      if (atEnd) {
        try {
          body.close(); // the connection can be used again
        } catch (IOException e) {
          LOG.debug("closing a range: {}", e.toString());
        }
      } else {
        body.abort();
      }
    }
  }

  @Override
  public Creation create(String key, byte[] content) throws IOException {
    Creation creation =
        put(key, Slice.Md5.of(content), content.length, RequestBody.fromBytes(content));
    if (creation == Creation.CREATED && !conditionSeen) {
      requireConditions(key, content);
    }
    return creation;
  }

  @Override
  public Creation create(String key, Path content) throws IOException {
    String inBucket = inBucket(key);
    long size = Files.size(content);
    long partBytes = options.transfer().partBytes();
    if (size <= partBytes) {
      Slice whole = new Slice(content, 1, 0, size);
      return put(key, whole.md5(), size, whole.body());
    }
    if (sizeBytes(key).isPresent()) {
      return Creation.ALREADY_EXISTS; // better known before it was sent
    }
    String attempt = UUID.randomUUID().toString();
    MultipartUpload.Result result =
        new MultipartUpload(
                client, attempts, options.bucket(), inBucket, content, partBytes, running, left)
            .run(uploaders, Map.of(ATTEMPT, attempt));
    if (result.creation() == Creation.ALREADY_EXISTS && !(result.unsure() && mine(key, attempt))) {
      return Creation.ALREADY_EXISTS;
    }
    OptionalLong there = sizeBytes(key);
    if (there.isEmpty() || there.getAsLong() != size) {
      throw S3Errors.failed(
          "%s was completed, but its length is %s instead of %d bytes"
              .formatted(name(key), there.isEmpty() ? "none" : there.getAsLong(), size),
          "the store did not keep what it confirmed: see its log, and remove the object",
          null);
    }
    return Creation.CREATED;
  }

  private Creation put(String key, Slice.Md5 md5, long size, RequestBody body) throws IOException {
    String inBucket = inBucket(key);
    String attempt = UUID.randomUUID().toString();
    boolean[] unknown = new boolean[1];
    try {
      PutObjectResponse put =
          attempts.run(
              "write " + name(key),
              () -> {
                try {
                  return putOnce(inBucket, attempt, md5, size, body);
                } catch (SdkException e) {
                  unknown[0] |= S3Errors.outcomeUnknown(e);
                  throw e;
                }
              });
      requireSame(key, md5, put);
      return Creation.CREATED;
    } catch (S3Exception e) {
      answered(412, e);
      conditionSeen = true;
      return unknown[0] && mine(key, attempt) ? Creation.CREATED : Creation.ALREADY_EXISTS;
    }
  }

  private PutObjectResponse putOnce(
      String inBucket, String attempt, Slice.Md5 md5, long size, RequestBody body) {
    return client.putObject(
        b ->
            b.bucket(options.bucket())
                .key(inBucket)
                .ifNoneMatch("*")
                .contentLength(size)
                .contentMD5(md5.base64())
                .contentType(
                    inBucket.endsWith(".json") ? "application/json" : "application/octet-stream")
                .metadata(Map.of(ATTEMPT, attempt)),
        body);
  }

  private void requireSame(String key, Slice.Md5 md5, PutObjectResponse put) {
    if (!agrees(put.eTag(), md5, put.serverSideEncryptionAsString(), put.sseCustomerAlgorithm())) {
      throw S3Errors.failed(
          "%s arrived with MD5 %s instead of %s".formatted(name(key), put.eTag(), md5.hex()),
          "something between here and the store alters what is sent; remove the object",
          null);
    }
  }

  /** Whether the object was made by this attempt. */
  private boolean mine(String key, String attempt) throws IOException {
    return head(key).map(head -> attempt.equals(head.metadata().get(ATTEMPT))).orElse(false);
  }

  /** Creates what was just created once more. */
  private void requireConditions(String key, byte[] content) throws IOException {
    String inBucket = inBucket(key);
    try {
      PutObjectResponse put =
          putOnce(
              inBucket,
              UUID.randomUUID().toString(),
              Slice.Md5.of(content),
              content.length,
              RequestBody.fromBytes(content));
      LOG.debug("created twice: {}", put.eTag());
    } catch (SdkException e) {
      if (e instanceof S3Exception refused && refused.statusCode() == 412) {
        conditionSeen = true;
      } else {
        LOG.debug("not known yet whether conditions are honoured: {}", e.getMessage());
      }
      return;
    }
    throw S3Errors.failed(
        "the store at "
            + new S3Errors(options).store()
            + " does not honour conditional writes: it created "
            + key
            + " twice, and so two compactors could overwrite each other",
        "use a store that honours If-None-Match: *, or a newer version of this one",
        null);
  }

  /**
   * Tries whether the store refuses to complete an upload in parts in the place of an object that
   * is there. If it does not, that object is replaced by the content.
   *
   * @param key of an object that is there
   */
  public Completion tryConditionalCompletion(String key, byte[] content) throws IOException {
    Path file = Files.createTempFile("varve-parts", "");
    try {
      Files.write(file, content);
      return new MultipartUpload(
              client,
              attempts,
              options.bucket(),
              inBucket(key),
              file,
              options.transfer().partBytes(),
              running,
              left)
          .tryCompletion(uploaders);
    } finally {
      Files.delete(file);
    }
  }

  /** What a store does with {@code If-None-Match: *} when an upload in parts is completed. */
  public enum Completion {
    /** It refuses to replace an object. */
    HONOURED,
    /** It replaces the object as if nothing had been said. */
    IGNORED
  }

  @Override
  public void delete(String key) throws IOException {
    try {
      attempts.run(
          "remove " + name(key),
          () -> client.deleteObject(b -> b.bucket(options.bucket()).key(inBucket(key))));
    } catch (S3Exception e) {
      answered(404, e);
    }
  }

  @Override
  public List<Upload> uploads(Instant before) throws IOException {
    return listing.uploads(before);
  }

  @Override
  public List<Upload> abandonUploads(Instant before) throws IOException {
    return listing.abandonUploads(before);
  }

  @Override
  public String location() {
    return options.location();
  }

  @Override
  public void close() {
    uploaders.shutdownNow();
    fetchers.shutdownNow();
    client.close();
  }

  private String inBucket(String key) {
    return root + Keys.requireKey(key);
  }

  private String name(String key) {
    return location() + "/" + key;
  }

  /** Lets one answer pass; any other is a defect of the store or of this. */
  private void answered(int status, S3Exception e) {
    if (e.statusCode() != status) {
      throw new S3Errors(options).unexpected(e);
    }
  }

  static String unquoted(@Nullable String eTag) {
    return eTag == null ? "" : eTag.replace("\"", "");
  }

  /** Whether an ETag is that of the content, or cannot tell because it is not an MD5. */
  static boolean agrees(
      @Nullable String eTag,
      Slice.Md5 md5,
      @Nullable String encryption,
      @Nullable String customerKey) {
    String tag = unquoted(eTag);
    boolean isMd5 =
        tag.matches("[0-9a-f]{32}")
            && customerKey == null
            && (encryption == null || encryption.equals("AES256"));
    return !isMd5 || tag.equals(md5.hex());
  }
}
