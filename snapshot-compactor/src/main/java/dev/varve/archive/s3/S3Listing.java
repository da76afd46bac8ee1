package dev.varve.archive.s3;

import dev.varve.archive.Keys;
import dev.varve.archive.Repository.Listed;
import dev.varve.archive.Repository.Upload;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.ListMultipartUploadsResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** What there is in a repository's part of a bucket: objects, and uploads that have not ended. */
final class S3Listing {

  private static final int MAX_PAGES = 1_000_000;

  private final S3Options options;
  private final String root;
  private final S3Client client;
  private final Attempts attempts;
  private final Set<String> running;

  /**
   * @param running ids of uploads that are going on in this process
   */
  S3Listing(S3Options options, S3Client client, Attempts attempts, Set<String> running) {
    this.options = options;
    this.root = options.root();
    this.client = client;
    this.attempts = attempts;
    this.running = running;
  }

  /**
   * All objects of a prefix, by key, from behind one on.
   *
   * @throws IOException if the list would lack some
   */
  List<Listed> list(String prefix, String after) throws IOException {
    List<Listed> found = new ArrayList<>();
    String token = null;
    for (int page = 0; page < MAX_PAGES; page++) {
      ListObjectsV2Response response = list(prefix, after, token);
      response
          .contents()
          .forEach(
              object -> {
                String key = object.key().substring(root.length());
                if (Keys.isKey(key) && key.startsWith(prefix) && key.compareTo(after) > 0) {
                  found.add(new Listed(key, object.size(), object.lastModified()));
                }
              });
      token = response.nextContinuationToken();
      if (!Boolean.TRUE.equals(response.isTruncated())) {
        found.sort(Comparator.comparing(Listed::key));
        return found;
      }
      if (token == null) {
        break;
      }
    }
    throw new IOException(
        "the list of "
            + options.location()
            + "/"
            + prefix
            + " broke off: it does not say how to go on");
  }

  private ListObjectsV2Response list(String prefix, String after, @Nullable String token)
      throws IOException {
    return attempts.run(
        "list " + options.location() + "/" + prefix,
        () ->
            client.listObjectsV2(
                b ->
                    b.bucket(options.bucket())
                        .prefix(root + prefix)
                        .startAfter(after.isEmpty() || token != null ? null : root + after)
                        .continuationToken(token)));
  }

  /** Uploads that were begun before a time, not by this process, and have not ended. */
  List<Upload> uploads(Instant before) throws IOException {
    return left(before).stream().map(this::upload).toList();
  }

  /** Gives them up. */
  List<Upload> abandonUploads(Instant before) throws IOException {
    List<Upload> abandoned = new ArrayList<>();
    for (MultipartUpload.Left left : left(before)) {
      abandon(left.inBucket(), left.id());
      abandoned.add(upload(left));
    }
    return abandoned;
  }

  private Upload upload(MultipartUpload.Left left) {
    return new Upload(left.inBucket().substring(root.length()), left.begunAt());
  }

  private List<MultipartUpload.Left> left(Instant before) throws IOException {
    List<MultipartUpload.Left> found = new ArrayList<>();
    String keyMarker = null;
    String idMarker = null;
    for (int page = 0; page < MAX_PAGES; page++) {
      String fromKey = keyMarker;
      String fromId = idMarker;
      ListMultipartUploadsResponse response =
          attempts.run(
              "list the uploads of " + options.location(),
              () ->
                  client.listMultipartUploads(
                      b ->
                          b.bucket(options.bucket())
                              .prefix(root)
                              .keyMarker(fromKey)
                              .uploadIdMarker(fromId)));
      for (var upload : response.uploads()) {
        if (upload.initiated() != null
            && upload.initiated().isBefore(before)
            && !running.contains(upload.uploadId())) {
          found.add(new MultipartUpload.Left(upload.key(), upload.uploadId(), upload.initiated()));
        }
      }
      keyMarker = response.nextKeyMarker();
      idMarker = response.nextUploadIdMarker();
      if (!Boolean.TRUE.equals(response.isTruncated()) || keyMarker == null) {
        break;
      }
    }
    return found;
  }

  private void abandon(String inBucket, String id) throws IOException {
    try {
      attempts.run(
          "abandon the upload of s3://" + options.bucket() + "/" + inBucket,
          () ->
              client.abortMultipartUpload(
                  b -> b.bucket(options.bucket()).key(inBucket).uploadId(id)));
    } catch (S3Exception e) {
      if (e.statusCode() != 404) { // else it ended by itself meanwhile
        throw new S3Errors(options).unexpected(e);
      }
    }
  }
}
