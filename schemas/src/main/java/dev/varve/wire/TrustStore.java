package dev.varve.wire;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** The certificates that an https server is checked against, from a PKCS12, JKS or PEM file. */
final class TrustStore {

  private static final String PEM_BEGIN = "-----BEGIN CERTIFICATE-----";
  private static final int PEM_BEGINS_WITHIN_BYTES = 4096;

  private TrustStore() {}

  /** Sockets that trust the file's certificates and no others. */
  static SSLSocketFactory sockets(Path file, Optional<String> password) {
    try {
      KeyStore store = isPem(file) ? readPem(file) : readStore(file, password);
      if (store.size() == 0) {
        throw new VarveException(
            ExitCode.FAILED,
            "the trust store " + file + " holds no certificate that can be read",
            "give its password, or put the certificate of the registry's authority into it");
      }
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context.getSocketFactory();
    } catch (IOException | GeneralSecurityException e) {
      throw new VarveException(
          ExitCode.FAILED,
          "the trust store " + file + " cannot be read: " + e,
          "check that the file exists, is PKCS12, JKS or PEM, and that its password is right",
          e);
    }
  }

  private static boolean isPem(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      String start = new String(in.readNBytes(PEM_BEGINS_WITHIN_BYTES), StandardCharsets.US_ASCII);
      return start.contains(PEM_BEGIN);
    }
  }

  private static KeyStore readPem(Path file) throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    try (InputStream in = Files.newInputStream(file)) {
      int count = 0;
      for (Certificate certificate :
          CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        store.setCertificateEntry("certificate-" + count++, certificate);
      }
    }
    return store;
  }

  private static KeyStore readStore(Path file, Optional<String> password)
      throws IOException, GeneralSecurityException {
    char @Nullable [] secret = password.map(String::toCharArray).orElse(null);
    return KeyStore.getInstance(file.toFile(), secret);
  }
}
