package dev.varve.wire;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Where the schema registry is and how to get in.
 *
 * @param url {@code embedded}, or the {@code http(s)://} address of a server with Confluent's API;
 *     several addresses of one registry are separated by commas
 * @param user for basic authentication
 * @param password for basic authentication, given exactly if a user is
 * @param trustStore certificates that an https server is checked against, instead of the JVM's own:
 *     a PKCS12, JKS or PEM file
 * @param trustStorePassword of a PKCS12 or JKS file
 * @param register whether to register a schema that the registry does not have; otherwise somebody
 *     else has to do so first
 */
public record RegistryConfig(
    String url,
    Optional<String> user,
    Optional<String> password,
    Optional<Path> trustStore,
    Optional<String> trustStorePassword,
    boolean register) {

  private static final String EMBEDDED = "embedded";

  public RegistryConfig {
    if (url.equals(EMBEDDED)) {
      if (user.isPresent() || password.isPresent() || trustStore.isPresent()) {
        throw usage(
            "the embedded registry has no user, password or trust store",
            "remove these keys, or name the registry's http(s) address");
      }
    } else {
      addresses(url).forEach(RegistryConfig::check);
    }
    if (user.isPresent() != password.isPresent()) {
      throw usage(
          "the registry's user and password have to be given together",
          "add the one that is missing, or remove both");
    }
    if (user.isPresent() && user.get().contains(":")) {
      throw usage("the registry's user must not contain ':'", "basic authentication forbids it");
    }
    if (trustStorePassword.isPresent() && trustStore.isEmpty()) {
      throw usage(
          "the registry has a trust store password but no trust store", "name the trust store");
    }
  }

  /** The registry inside the process: the catalogue of the jar, the same ids at every start. */
  public static RegistryConfig embedded() {
    return at(EMBEDDED);
  }

  /** A registry without authentication, schemas registered as needed. */
  public static RegistryConfig at(String url) {
    return new RegistryConfig(
        url, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), true);
  }

  public RegistryConfig withUser(String user, String password) {
    return new RegistryConfig(
        url, Optional.of(user), Optional.of(password), trustStore, trustStorePassword, register);
  }

  public RegistryConfig withTrustStore(Path file, Optional<String> filePassword) {
    return new RegistryConfig(url, user, password, Optional.of(file), filePassword, register);
  }

  /** This configuration, but schemas are only looked up. */
  public RegistryConfig withoutRegistering() {
    return new RegistryConfig(url, user, password, trustStore, trustStorePassword, false);
  }

  public boolean isEmbedded() {
    return url.equals(EMBEDDED);
  }

  List<String> addresses() {
    return addresses(url);
  }

  /** Without the secrets. */
  @Override
  public String toString() {
    return "RegistryConfig["
        + url
        + user.map(name -> ", user " + name).orElse("")
        + trustStore.map(file -> ", trust store " + file).orElse("")
        + (register ? "" : ", look up only")
        + "]";
  }

  private static List<String> addresses(String url) {
    return List.of(url.split(",", -1)).stream().map(String::strip).toList();
  }

  private static void check(String address) {
    String hint = "write 'embedded', or an address such as http://registry:8081";
    try {
      URI uri = new URI(address);
      String scheme = uri.getScheme();
      if (uri.getHost() == null || !("http".equals(scheme) || "https".equals(scheme))) {
        throw usage("registry must be 'embedded' or http(s)://…, got '" + address + "'", hint);
      }
      if (uri.getUserInfo() != null) {
        throw usage(
            "the registry's address " + uri.getHost() + " must not contain user and password",
            "give them in keys of their own, so that they are never printed");
      }
    } catch (URISyntaxException e) {
      throw usage("registry must be 'embedded' or http(s)://…: " + e.getReason(), hint);
    }
  }

  private static VarveException usage(String message, String hint) {
    return new VarveException(ExitCode.USAGE, message, hint);
  }
}
