package dev.varve.archive.s3;

import dev.varve.archive.Repository.Creation;
import dev.varve.archive.RepositoryUnavailableException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.CreateMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.ListMultipartUploadsResponse;
import software.amazon.awssdk.services.s3.model.ListPartsResponse;
import software.amazon.awssdk.services.s3.model.Part;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.UploadPartResponse;

/**
 * A file that goes up in parts.
 *
 * <p>What a killed or cut off upload of the same file left is gone on with: parts that are there
 * are not sent again. It is taken for one of the same file only if it has parts and each is the
 * file's, by length and MD5: two files in one upload would overwrite each other's parts, and not
 * every store that completes it looks at each part and puts them together in one step. The object
 * appears at once and whole when the upload is completed, unless one of its key is there by then.
 */
final class MultipartUpload {

  static final int MAX_PARTS = 10_000;
  private static final int MAX_LISTED = 1_000;
  private static final Logger LOG = LoggerFactory.getLogger(MultipartUpload.class);

  private final S3Client client;
  private final Attempts attempts;
  private final String bucket;
  private final String key;
  private final String what;
  private final Path file;
  private final long size;
  private final List<Slice> slices;
  private final Set<String> running;
  private final Set<String> left;

  /**
   * @param key in the bucket
   * @param running where the id of this upload is for as long as it goes on
   * @param left where it is afterwards if it was not completed: whoever comes with another file of
   *     the key ends it, as encryption gives other bytes each time
   */
  MultipartUpload(
      S3Client client,
      Attempts attempts,
      String bucket,
      String key,
      Path file,
      long partBytes,
      Set<String> running,
      Set<String> left)
      throws IOException {
    this.client = client;
    this.attempts = attempts;
    this.bucket = bucket;
    this.key = key;
    this.what = "write s3://" + bucket + "/" + key;
    this.file = file;
    this.size = Files.size(file);
    this.slices = slices(file, size, partBytes);
    this.running = running;
    this.left = left;
  }

  /** An upload that was begun and neither completed nor aborted. */
  record Left(String inBucket, String id, Instant begunAt) {}

  /** What became of it, and whether that is known to be this attempt's doing. */
  record Result(Creation creation, boolean unsure) {}

  private static List<Slice> slices(Path file, long size, long partBytes) {
    long bytes = Math.max(partBytes, (size + MAX_PARTS - 1) / MAX_PARTS);
    List<Slice> slices = new ArrayList<>();
    for (long from = 0; from < size; from += bytes) {
      slices.add(new Slice(file, slices.size() + 1, from, Math.min(bytes, size - from)));
    }
    return slices;
  }

  /**
   * Uploads the file.
   *
   * @param mark what a new upload's object is marked with
   */
  Result run(ExecutorService uploaders, Map<String, String> mark) throws IOException {
    Optional<Ours> ours = ours();
    String id = ours.isPresent() ? ours.get().id() : begin(mark);
    running.add(id);
    left.add(id);
    try {
      Map<Integer, Part> there = ours.map(Ours::parts).orElse(Map.of());
      Result result = complete(id, send(uploaders, id, there));
      left.remove(id);
      return result;
    } catch (S3Exception e) {
      if (e.statusCode() != 404) {
        throw e;
      }
      throw new RepositoryUnavailableException(
          "the multipart upload of " + key + " was ended by somebody else meanwhile",
          "do it again; let only one process write the same file",
          e);
    } finally {
      running.remove(id);
    }
  }

  /** Uploads the file in the place of an object that is there. */
  S3Repository.Completion tryCompletion(ExecutorService uploaders) throws IOException {
    String id = begin(Map.of());
    running.add(id);
    boolean completed = false;
    try {
      Result result = complete(id, send(uploaders, id, Map.of()));
      completed = true;
      return result.creation() == Creation.ALREADY_EXISTS
          ? S3Repository.Completion.HONOURED
          : S3Repository.Completion.IGNORED;
    } finally {
      running.remove(id);
      if (!completed) {
        abort(id);
      }
    }
  }

  private String begin(Map<String, String> mark) throws IOException {
    return attempts.run(
        what,
        () ->
            client
                .createMultipartUpload(
                    CreateMultipartUploadRequest.builder()
                        .bucket(bucket)
                        .key(key)
                        .contentType("application/octet-stream")
                        .metadata(mark)
                        .build())
                .uploadId());
  }

  /** An upload of this very file that was begun and neither completed nor aborted. */
  private record Ours(String id, Map<Integer, Part> parts) {}

  private Optional<Ours> ours() throws IOException {
    ListMultipartUploadsResponse found =
        attempts.run(what, () -> client.listMultipartUploads(b -> b.bucket(bucket).prefix(key)));
    for (var upload : found.uploads()) {
      if (upload.key().equals(key) && !running.contains(upload.uploadId())) {
        Map<Integer, Part> parts = parts(upload.uploadId());
        if (!parts.isEmpty() && areOfThisFile(parts)) {
          return Optional.of(new Ours(upload.uploadId(), parts));
        }
        if (left.remove(upload.uploadId())) {
          abort(upload.uploadId());
        }
      }
    }
    return Optional.empty();
  }

  private boolean areOfThisFile(Map<Integer, Part> parts) throws IOException {
    for (Part part : parts.values()) {
      if (part.partNumber() > slices.size() || !isThere(slices.get(part.partNumber() - 1), part)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isThere(Slice slice, Part part) throws IOException {
    return part.size() == slice.bytes()
        && S3Repository.unquoted(part.eTag()).equals(slice.md5().hex());
  }

  private Map<Integer, Part> parts(String id) throws IOException {
    Map<Integer, Part> parts = new TreeMap<>();
    Integer after = null;
    for (int page = 0; page <= MAX_PARTS / MAX_LISTED + 1; page++) {
      Integer marker = after;
      ListPartsResponse found =
          attempts.run(
              what,
              () ->
                  client.listParts(
                      b -> b.bucket(bucket).key(key).uploadId(id).partNumberMarker(marker)));
      found.parts().forEach(part -> parts.put(part.partNumber(), part));
      if (!Boolean.TRUE.equals(found.isTruncated()) || found.nextPartNumberMarker() == null) {
        break;
      }
      after = found.nextPartNumberMarker();
    }
    return parts;
  }

  /** Sends the parts that are not there yet, several at once. */
  private List<CompletedPart> send(ExecutorService uploaders, String id, Map<Integer, Part> there)
      throws IOException {
    List<Future<CompletedPart>> sending = new ArrayList<>();
    for (Slice slice : slices) {
      Part part = there.get(slice.number());
      sending.add(
          part == null
              ? uploaders.submit(() -> send(id, slice))
              : CompletableFuture.completedFuture(completed(slice, part.eTag())));
    }
    List<CompletedPart> parts = new ArrayList<>();
    try {
      for (Future<CompletedPart> one : sending) {
        parts.add(one.get());
      }
      return parts;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while " + file + " was sent");
    } catch (ExecutionException e) {
      throw rethrown(e.getCause() == null ? e : e.getCause());
    } finally {
      sending.forEach(one -> one.cancel(true));
    }
  }

  private CompletedPart send(String id, Slice slice) throws IOException {
    Slice.Md5 md5 = slice.md5();
    return attempts.run(
        what,
        () -> {
          UploadPartResponse sent =
              client.uploadPart(
                  b ->
                      b.bucket(bucket)
                          .key(key)
                          .uploadId(id)
                          .partNumber(slice.number())
                          .contentLength(slice.bytes())
                          .contentMD5(md5.base64()),
                  slice.body());
          if (!S3Repository.agrees(
              sent.eTag(), md5, sent.serverSideEncryptionAsString(), sent.sseCustomerAlgorithm())) {
            throw new IOException(
                "part %d of %s arrived with MD5 %s instead of %s"
                    .formatted(slice.number(), key, sent.eTag(), md5.hex()));
          }
          return completed(slice, sent.eTag());
        });
  }

  private static CompletedPart completed(Slice slice, String eTag) {
    return CompletedPart.builder().partNumber(slice.number()).eTag(eTag).build();
  }

  private Result complete(String id, List<CompletedPart> parts) throws IOException {
    boolean[] unknown = new boolean[1];
    try {
      attempts.run(
          what,
          () -> {
            try {
              return client.completeMultipartUpload(
                  b ->
                      b.bucket(bucket)
                          .key(key)
                          .uploadId(id)
                          .ifNoneMatch("*")
                          .multipartUpload(m -> m.parts(parts)));
            } catch (SdkException e) {
              unknown[0] |= S3Errors.outcomeUnknown(e);
              throw e;
            }
          });
    } catch (S3Exception e) {
      if (e.statusCode() == 412) {
        abort(id);
        return new Result(Creation.ALREADY_EXISTS, unknown[0]);
      }
      if (e.statusCode() == 404 && unknown[0]) {
        return new Result(Creation.ALREADY_EXISTS, true); // completed, but the answer was lost
      }
      throw e;
    }
    return new Result(Creation.CREATED, false);
  }

  /** What stays is found by {@code abandonUploads}. */
  private void abort(String id) {
    try {
      client.abortMultipartUpload(b -> b.bucket(bucket).key(key).uploadId(id));
    } catch (SdkException e) {
      LOG.debug("cannot abort the upload {} of {}: {}", id, key, e.getMessage());
    }
  }

  private static IOException rethrown(Throwable cause) throws IOException {
    if (cause instanceof RuntimeException e) {
      throw e;
    }
    if (cause instanceof Error e) {
      throw e;
    }
    return cause instanceof IOException e ? e : new IOException(cause);
  }
}
