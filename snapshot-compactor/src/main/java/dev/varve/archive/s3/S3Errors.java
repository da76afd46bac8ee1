package dev.varve.archive.s3;

import dev.varve.archive.RepositoryUnavailableException;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.SdkException;

/**
 * What a store's refusals mean: which are answers that callers wait for, which pass if the request
 * is sent again, and which only an operator can mend.
 */
final class S3Errors {

  /** Codes of requests that had no effect and may be sent again, beside those of the server. */
  private static final Set<String> PASSING =
      Set.of(
          "BadDigest",
          "ConditionalRequestConflict",
          "ExpiredToken",
          "ExpiredTokenException",
          "IncompleteBody",
          "InvalidPart",
          "OperationAborted",
          "RequestExpired",
          "RequestTimeout",
          "RequestTimeTooSkewed",
          "XAmzContentSHA256Mismatch");

  private final S3Options options;

  S3Errors(S3Options options) {
    this.options = options;
  }

  /** Whether a request that failed so may have had its effect. */
  static boolean outcomeUnknown(SdkException e) {
    if (e instanceof AwsServiceException answer) {
      return answer.statusCode() >= 500 && !throttled(e) && answer.statusCode() != 501;
    }
    return !(caused(e, ConnectException.class) || caused(e, UnknownHostException.class));
  }

  /** Whether it is one of the answers that a caller understands: 404 of a key, 412 and 416. */
  static boolean isAnswer(SdkException e) {
    return e instanceof AwsServiceException answer
        && ((answer.statusCode() == 404 && !code(answer).equals("NoSuchBucket"))
            || answer.statusCode() == 412
            || answer.statusCode() == 416);
  }

  static boolean throttled(SdkException e) {
    return e instanceof AwsServiceException answer
        && (answer.statusCode() == 429
            || code(answer).equals("SlowDown")
            || code(answer).startsWith("Throttl")
            || code(answer).equals("TooManyRequests")
            || code(answer).equals("RequestLimitExceeded")
            || (answer.statusCode() == 503 && retryAfter(e).isPresent()));
  }

  /** How long the store asks to be left alone. */
  static Optional<Duration> retryAfter(SdkException e) {
    if (e instanceof AwsServiceException answer
        && answer.awsErrorDetails() != null
        && answer.awsErrorDetails().sdkHttpResponse() != null) {
      return answer
          .awsErrorDetails()
          .sdkHttpResponse()
          .firstMatchingHeader("Retry-After")
          .filter(text -> text.matches("[0-9]{1,4}"))
          .map(text -> Duration.ofSeconds(Long.parseLong(text)));
    }
    return Optional.empty();
  }

  /** Whether nobody answers at all: it is no use to knock for long. */
  static boolean unreachable(SdkException e) {
    return caused(e, ConnectException.class)
        || caused(e, UnknownHostException.class)
        || caused(e, NoRouteToHostException.class);
  }

  /**
   * What a failure means that is no {@linkplain #isAnswer answer}.
   *
   * @param what was tried, as it stands after "cannot"
   * @return if sending the request again may help
   * @throws VarveException if only an operator can
   */
  IOException translate(String what, SdkException e) throws InterruptedIOException {
    if (e instanceof AbortedException || Thread.currentThread().isInterrupted()) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted = new InterruptedIOException("interrupted: " + what);
      interrupted.initCause(e);
      throw interrupted;
    }
    return e instanceof AwsServiceException answer ? refused(what, answer) : notAnswered(what, e);
  }

  private IOException refused(String what, AwsServiceException e) {
    String code = code(e);
    int status = e.statusCode();
    if ((status >= 500 && status != 501)
        || throttled(e)
        || PASSING.contains(code)
        || status == 408) {
      return new RepositoryUnavailableException(
          "cannot " + what + ": " + text(e),
          code.equals("RequestTimeTooSkewed")
              ? "set this machine's clock: it differs from the store's"
              : "see the store's own log or status page if it lasts",
          e);
    }
    throw permanent(what, e, code, status);
  }

  /** The last word on what went on failing, with something to do about it. */
  IOException gaveUp(String what, IOException last) {
    if (last.getCause() instanceof AwsServiceException e
        && code(e).equals("RequestTimeTooSkewed")) {
      throw failed(
          "the store at " + store() + " refuses requests because of their time: " + text(e),
          "set this machine's clock, or the store's, by a time server",
          e);
    }
    return last instanceof RepositoryUnavailableException
        ? last
        : new RepositoryUnavailableException(
            "cannot " + what + ": " + last.getMessage(),
            "see the network between here and " + store(),
            last);
  }

  private VarveException permanent(String what, AwsServiceException e, String code, int status) {
    return switch (code) {
      case "NoSuchBucket" ->
          failed(
              "there is no bucket '" + options.bucket() + "' at " + store(),
              "make the bucket, or correct repository.root and repository.endpoint",
              e);
      case "SignatureDoesNotMatch" ->
          failed(
              "the store at " + store() + " refuses the secret key" + ofAccessKey(),
              "correct the secret key (repository.secretKeyFile or VARVE_REPOSITORY_SECRET_KEY)",
              e);
      case "InvalidAccessKeyId", "InvalidToken", "UnrecognizedClientException" ->
          failed(
              "the store at " + store() + " does not know the access key" + ofAccessKey(),
              "correct repository.accessKey, or the credentials of the environment",
              e);
      case "PermanentRedirect",
          "TemporaryRedirect",
          "AuthorizationHeaderMalformed",
          "IllegalLocationConstraintException" ->
          failed(
              "the bucket '" + options.bucket() + "' is in another region: " + text(e),
              "set repository.region to the bucket's",
              e);
      default ->
          status == 403 || status == 401
              ? failed(
                  "the store at " + store() + " does not permit to " + what + ": " + text(e),
                  "give the access key the rights on the bucket that docs/object-storage.md lists",
                  e)
              : status == 301
                  ? failed(
                      "the bucket '" + options.bucket() + "' is somewhere else: " + text(e),
                      "set repository.region to the bucket's",
                      e)
                  : status == 501 || code.equals("NotImplemented")
                      ? failed(
                          "the store at " + store() + " cannot " + what + ": " + text(e),
                          "Varve needs conditional writes (If-None-Match) and multipart uploads;"
                              + " use a store that has them",
                          e)
                      : failed(
                          "the store at " + store() + " refuses to " + what + ": " + text(e),
                          "see docs/object-storage.md for what is asked of a store",
                          e);
    };
  }

  private IOException notAnswered(String what, SdkException e) {
    if (caused(e, SSLException.class)) {
      if (caused(e, CertificateException.class)) {
        throw failed(
            "the certificate of " + store() + " is not trusted: " + deepest(e),
            "name the authority's certificate as repository.caFile, or correct"
                + " repository.endpoint",
            e);
      }
      if (String.valueOf(deepest(e).getMessage()).contains("Unsupported or unrecognized SSL")) {
        throw failed(
            store() + " does not speak TLS: " + deepest(e),
            "write repository.endpoint with http:// if that is meant",
            e);
      }
    }
    String message = String.valueOf(e.getMessage());
    if (message.toLowerCase(Locale.ROOT).contains("unable to load credentials")) {
      throw failed(
          "there are no credentials for " + store(),
          "set repository.accessKey and repository.secretKeyFile, or AWS_ACCESS_KEY_ID and"
              + " AWS_SECRET_ACCESS_KEY, or run where a role gives them",
          e);
    }
    return unreachable(e)
        ? new RepositoryUnavailableException(
            "cannot reach " + store() + ": " + deepest(e),
            "see that the store is up, and that repository.endpoint is right",
            e)
        : new RepositoryUnavailableException(
            "cannot " + what + ": " + deepest(e),
            "see the network between here and " + store() + " if it lasts",
            e);
  }

  String store() {
    return options
        .endpoint()
        .map(Object::toString)
        .orElseGet(() -> "AWS" + options.region().map(region -> " " + region).orElse(""));
  }

  private String ofAccessKey() {
    return options.credentials().map(c -> " '" + c.accessKey() + "'").orElse("");
  }

  /** An answer that is a defect of the store or of this. */
  VarveException unexpected(AwsServiceException e) {
    return failed(
        "the store at " + store() + " gave an unexpected answer: " + e.getMessage(),
        "see docs/object-storage.md for what is asked of a store",
        e);
  }

  static VarveException failed(String message, String hint, @Nullable Throwable cause) {
    return new VarveException(ExitCode.FAILED, message, hint, cause);
  }

  private static String code(AwsServiceException e) {
    String code = e.awsErrorDetails() == null ? null : e.awsErrorDetails().errorCode();
    return code == null ? "" : code;
  }

  private static String text(AwsServiceException e) {
    String message = e.awsErrorDetails() == null ? null : e.awsErrorDetails().errorMessage();
    String text = (e.statusCode() + " " + code(e)).strip();
    return message == null || message.isBlank() ? text : text + ": " + message;
  }

  private static Throwable deepest(Throwable e) {
    Throwable deepest = e;
    for (int depth = 0; depth < 20 && deepest.getCause() != null; depth++) {
      deepest = deepest.getCause();
    }
    return deepest;
  }

  private static boolean caused(Throwable e, Class<? extends Throwable> type) {
    Throwable at = e;
    for (int depth = 0; depth < 20 && at != null; depth++) {
      if (type.isInstance(at)) {
        return true;
      }
      at = at.getCause();
    }
    return false;
  }
}
