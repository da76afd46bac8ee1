package dev.varve.archive.s3;

import dev.varve.archive.Bandwidth;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.S3Configuration;

/** Makes the client that speaks to a store. */
final class S3Connection {

  private static final Duration CONNECT_WITHIN = Duration.ofSeconds(10);
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(60);

  private S3Connection() {}

  static S3Client open(S3Options options, Bandwidth bandwidth) {
    UrlConnectionHttpClient.Builder http =
        UrlConnectionHttpClient.builder()
            .connectionTimeout(CONNECT_WITHIN)
            .socketTimeout(ANSWER_WITHIN);
    options
        .caFile()
        .ifPresent(
            file -> {
              TrustManager[] trust = trust(file);
              http.tlsTrustManagersProvider(() -> trust);
            });
    SdkHttpClient plain = http.build();
    S3ClientBuilder builder =
        S3Client.builder()
            .httpClient(bandwidth.unlimited() ? plain : new MeteredHttpClient(plain, bandwidth))
            .credentialsProvider(credentials(options))
            .forcePathStyle(options.pathStyle())
            .serviceConfiguration(
                S3Configuration.builder()
                    // the whole payload is signed at once: every store understands that
                    .chunkedEncodingEnabled(false)
                    .expectContinueEnabled(false)
                    .build())
            // Content-MD5 is sent instead: trailing checksums are refused by some stores
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
            // see Attempts: who sends a creation again has to know that the first may have come
            // through
            .overrideConfiguration(o -> o.retryStrategy(AwsRetryStrategy.doNotRetry()));
    options.endpoint().ifPresent(builder::endpointOverride);
    if (options.region().isPresent()) {
      builder.region(Region.of(options.region().get()));
    } else if (options.endpoint().isPresent()) {
      builder.region(Region.of(S3Options.USUAL_REGION));
    }
    try {
      return builder.build();
    } catch (SdkClientException e) {
      plain.close();
      throw new VarveException(
          ExitCode.USAGE,
          "the region of bucket '" + options.bucket() + "' is not known",
          "set repository.region or AWS_REGION; or repository.endpoint if the store is not AWS",
          e);
    }
  }

  private static AwsCredentialsProvider credentials(S3Options options) {
    return options
        .credentials()
        .<AwsCredentialsProvider>map(
            pair ->
                StaticCredentialsProvider.create(
                    AwsBasicCredentials.create(pair.accessKey(), pair.secretKey())))
        .orElseGet(() -> DefaultCredentialsProvider.builder().build());
  }

  private static TrustManager[] trust(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      int count = 0;
      for (Certificate certificate :
          CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        store.setCertificateEntry("certificate-" + count++, certificate);
      }
      if (count == 0) {
        throw new VarveException(
            ExitCode.FAILED,
            file + " holds no certificate",
            "repository.caFile is a PEM file with the certificate of the store's authority");
      }
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(store);
      return factory.getTrustManagers();
    } catch (IOException | GeneralSecurityException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "the certificates in " + file + " cannot be read: " + e,
          "repository.caFile is a PEM file with the certificate of the store's authority",
          e);
    }
  }
}
