package dev.varve.archive.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.varve.archive.Bandwidth;
import dev.varve.archive.Repository;
import dev.varve.archive.Repository.Creation;
import dev.varve.archive.RepositoryUnavailableException;
import dev.varve.archive.s3.FaultyProxy.AnswerCut;
import dev.varve.archive.s3.FaultyProxy.AnswerLost;
import dev.varve.archive.s3.FaultyProxy.BitFlipped;
import dev.varve.archive.s3.FaultyProxy.ConditionIgnored;
import dev.varve.archive.s3.FaultyProxy.Fault;
import dev.varve.archive.s3.FaultyProxy.Lost;
import dev.varve.archive.s3.FaultyProxy.Meanwhile;
import dev.varve.archive.s3.FaultyProxy.Refused;
import dev.varve.archive.s3.FaultyProxy.RefusedAfter;
import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** A repository over a network, and before a store, that do harm. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class S3FaultsTest {

  private static final String NOTHING = "X-Nothing: 0";
  private static final Fault SLOW_DOWN = new Refused(503, "SlowDown", NOTHING);
  private static final String PART = "PUT .*partNumber=.*";
  private static final String PUT = "PUT [^?]*";
  private static final String GET = "GET .*/g/.*";

  @TempDir private Path files;
  private S3Lab lab;
  private FaultyProxy proxy;

  @BeforeAll
  void start(@TempDir Path directory) throws Exception {
    lab = S3Lab.start(directory);
    proxy = lab.proxy();
  }

  @AfterAll
  void stop() throws Exception {
    lab.close();
  }

  @BeforeEach
  void calm() {
    proxy.calm();
  }

  @Test
  void creationWhoseAnswerIsLostIsKnownToBeOurs() throws Exception {
    Repository repository = settled();
    proxy.next(PUT, new AnswerLost());
    assertThat(repository.create("g/m/1", bytes("ours"))).isEqualTo(Creation.CREATED);
    assertThat(proxy.count(PUT)).isEqualTo(2);
    assertThat(proxy.count("HEAD .*")).isEqualTo(1);
    proxy.next(PUT, new RefusedAfter(500, "InternalError"), new RefusedAfter(500, "InternalError"));
    assertThat(repository.create("g/m/2", bytes("ours"))).isEqualTo(Creation.CREATED);
    assertThat(read(repository, "g/m/2", 0)).isEqualTo(bytes("ours"));
  }

  @Test
  void creationThatSomebodyElseWonWhileOursWasLostIsKnownToBeTheirs() throws Exception {
    S3Options place = lab.options();
    Repository ours = settled(place);
    Repository theirs = S3Repository.open(place, Bandwidth.UNLIMITED);
    proxy.next(
        PUT,
        new Lost(),
        new Meanwhile(
            () -> {
              try {
                // the same bytes, but not the same creation
                assertThat(theirs.create("g/m/1", bytes("same"))).isEqualTo(Creation.CREATED);
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            }));
    assertThat(ours.create("g/m/1", bytes("same"))).isEqualTo(Creation.ALREADY_EXISTS);
  }

  @Test
  void creationThatIsNeverAnsweredEndsAsUnknown() throws Exception {
    Repository repository = settled();
    proxy.every(PUT, new AnswerLost());
    assertThatThrownBy(() -> repository.create("g/m/1", bytes("x")))
        .isInstanceOf(IOException.class);
    assertThat(proxy.count(PUT)).isEqualTo(S3Lab.IMPATIENT.attempts());
    proxy.calm();
    assertThat(repository.create("g/m/1", bytes("x"))).isEqualTo(Creation.ALREADY_EXISTS);
  }

  @Test
  void conflictAndThrottlingAreTriedAgain() throws Exception {
    Repository repository = settled();
    proxy.next(
        PUT,
        new Refused(409, "ConditionalRequestConflict", NOTHING),
        SLOW_DOWN,
        new Refused(429, "TooManyRequests", "Retry-After: 1"));
    assertThat(repository.create("g/m/1", bytes("x"))).isEqualTo(Creation.CREATED);
    assertThat(proxy.count(PUT)).isEqualTo(4);
    assertThat(proxy.count("HEAD .*")).as("nothing was unknown").isZero();
    proxy.next("GET .*list-type.*", SLOW_DOWN, SLOW_DOWN);
    assertThat(repository.list("g/m/")).containsExactly("g/m/1");
    proxy.next("DELETE .*", SLOW_DOWN, new Refused(500, "InternalError", NOTHING));
    repository.delete("g/m/1");
    assertThat(repository.sizeBytes("g/m/1")).isEmpty();
  }

  @Test
  void throttlingWithoutEndIsAnErrorThatMayPass() throws Exception {
    Repository repository = settled();
    proxy.every("GET .*", SLOW_DOWN);
    RepositoryUnavailableException e =
        catchThrowableOfType(
            RepositoryUnavailableException.class, () -> repository.read("g/m/1", 0).close());
    assertThat(e).hasMessageContaining("SlowDown");
    assertThat(proxy.count("GET .*")).isEqualTo(S3Lab.IMPATIENT.attempts());
  }

  @Test
  void flippedBitOnTheWayUpIsNoticedAndSentAgain() throws Exception {
    Repository repository = settled();
    proxy.next(PUT, new BitFlipped());
    assertThat(repository.create("g/m/1", bytes("sediment"))).isEqualTo(Creation.CREATED);
    assertThat(read(repository, "g/m/1", 0)).isEqualTo(bytes("sediment"));
    proxy.next(PART, new BitFlipped());
    byte[] content = content(11 << 20);
    assertThat(repository.create("g/s/1", file(content))).isEqualTo(Creation.CREATED);
    assertThat(read(repository, "g/s/1", 0)).isEqualTo(content);
  }

  @Test
  void longUploadGoesOnWithThePartsThatAreThere() throws Exception {
    S3Options place = lab.options();
    byte[] content = content((21 << 20) + 17); // five parts
    Path file = file(content);
    S3Options oneByOne =
        place.withTransfer(new S3Options.Transfer(S3Options.Transfer.LEAST_PART_BYTES, 1, 1, 1));
    Repository killed = S3Repository.open(oneByOne, Bandwidth.UNLIMITED);
    proxy.next("PUT .*partNumber=4.*", lost(S3Lab.IMPATIENT.attempts()));
    assertThatThrownBy(() -> killed.create("g/s/1", file)).isInstanceOf(IOException.class);
    killed.close();

    proxy.calm();
    Repository next = S3Repository.open(place, Bandwidth.UNLIMITED);
    assertThat(next.create("g/s/1", file)).isEqualTo(Creation.CREATED);
    assertThat(proxy.count("PUT .*partNumber=[123]&.*")).isZero();
    assertThat(proxy.count(PART)).isEqualTo(2);
    assertThat(proxy.count("POST .*uploads.*")).as("uploads begun").isZero();
    assertThat(read(next, "g/s/1", 0)).isEqualTo(content);
    assertThat(next.abandonUploads(Instant.now().plusSeconds(3600))).isEmpty();
  }

  @Test
  void partsOfAnotherFileAreNotGoneOnWith() throws Exception {
    S3Options place = lab.options();
    byte[] content = content(11 << 20);
    Path file = file(content);
    Repository first = S3Repository.open(place, Bandwidth.UNLIMITED);
    proxy.next("PUT .*partNumber=3.*", lost(S3Lab.IMPATIENT.attempts()));
    assertThatThrownBy(() -> first.create("g/s/1", file)).isInstanceOf(IOException.class);

    proxy.calm();
    content[6 << 20] ^= 1; // in the second part
    Files.write(file, content);
    assertThat(first.create("g/s/1", file)).isEqualTo(Creation.CREATED);
    assertThat(proxy.count(PART)).isEqualTo(3);
    assertThat(read(first, "g/s/1", 0)).isEqualTo(content);
    assertThat(first.uploads(Instant.now().plusSeconds(3600))).as("what it left itself").isEmpty();
  }

  /** Who knows whether it is at work still. */
  @Test
  void anUploadThatAnotherProcessLeftIsNotEnded() throws Exception {
    S3Options place = lab.options();
    Path file = file(content(11 << 20));
    Repository first = S3Repository.open(place, Bandwidth.UNLIMITED);
    proxy.next("PUT .*partNumber=3.*", lost(S3Lab.IMPATIENT.attempts()));
    assertThatThrownBy(() -> first.create("g/s/1", file)).isInstanceOf(IOException.class);
    proxy.calm();
    Repository second = S3Repository.open(place, Bandwidth.UNLIMITED);
    byte[] content = content(11 << 20);
    assertThat(second.create("g/s/1", file(content))).isEqualTo(Creation.CREATED);
    assertThat(read(second, "g/s/1", 0)).isEqualTo(content);
    assertThat(second.abandonUploads(Instant.now().plusSeconds(3600)))
        .extracting(Repository.Upload::key)
        .containsExactly("g/s/1");
  }

  /** Two processes, each with its own bytes for one key, as of one file encrypted twice. */
  @Test
  void whoWritesAnotherFileKeepsOutOfAnUploadThatIsGoingOn() throws Exception {
    S3Options place = lab.options();
    Repository first = S3Repository.open(place, Bandwidth.UNLIMITED);
    Repository second = S3Repository.open(place, Bandwidth.UNLIMITED);
    byte[] content = content(11 << 20);
    Path other = file(content(11 << 20));
    List<Creation> meanwhile = new CopyOnWriteArrayList<>();
    assumeTrue(lab.decidesCompletion(), "this store ignores conditions on completing an upload");
    proxy.next(
        "POST .*uploadId=.*",
        new Meanwhile(
            () -> {
              try {
                meanwhile.add(second.create("g/s/1", file(content)));
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            }));
    assertThat(first.create("g/s/1", other)).isEqualTo(Creation.ALREADY_EXISTS);
    assertThat(meanwhile).containsExactly(Creation.CREATED);
    assertThat(read(first, "g/s/1", 0)).isEqualTo(content);
  }

  @Test
  void completionWhoseAnswerIsLostIsKnownToBeOurs() throws Exception {
    Repository repository = settled();
    byte[] content = content(11 << 20);
    proxy.next("POST .*uploadId=.*", new AnswerLost());
    assertThat(repository.create("g/s/1", file(content))).isEqualTo(Creation.CREATED);
    assertThat(read(repository, "g/s/1", 0)).isEqualTo(content);
  }

  @Test
  void anUploadThatIsGoingOnIsNotAbandoned() throws Exception {
    Repository repository = settled();
    byte[] content = content(11 << 20);
    List<List<Repository.Upload>> meanwhile = new CopyOnWriteArrayList<>();
    proxy.next(
        PART,
        new Meanwhile(
            () -> {
              try {
                meanwhile.add(repository.abandonUploads(Instant.now().plusSeconds(3600)));
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            }));
    assertThat(repository.create("g/s/1", file(content))).isEqualTo(Creation.CREATED);
    assertThat(meanwhile).containsExactly(List.of());
    assertThat(read(repository, "g/s/1", 0)).isEqualTo(content);
  }

  @Test
  void conditionalCompletionIsTried() throws Exception {
    S3Repository repository = S3Repository.open(lab.options(), Bandwidth.UNLIMITED);
    repository.create("g/m/1", bytes("sediment"));
    assumeTrue(lab.decidesCompletion(), "this store ignores conditions on completing an upload");
    assertThat(repository.tryConditionalCompletion("g/m/1", bytes("other")))
        .isEqualTo(S3Repository.Completion.HONOURED);
    assertThat(read(repository, "g/m/1", 0)).isEqualTo(bytes("sediment"));
    assertThat(repository.uploads(Instant.now().plusSeconds(3600))).isEmpty();
    proxy.next("POST .*uploadId=.*", new ConditionIgnored());
    assertThat(repository.tryConditionalCompletion("g/m/1", bytes("other")))
        .isEqualTo(S3Repository.Completion.IGNORED);
  }

  @Test
  void abandonedUploadsAreFoundAndRemoved() throws Exception {
    Repository repository = settled();
    proxy.next("PUT .*partNumber=2.*", lost(S3Lab.IMPATIENT.attempts()));
    Path file = file(content(11 << 20));
    assertThatThrownBy(() -> repository.create("g/s/1", file)).isInstanceOf(IOException.class);
    assertThat(repository.abandonUploads(Instant.now().minusSeconds(3600))).isEmpty();
    Instant later = Instant.now().plusSeconds(3600);
    List<Repository.Upload> left = repository.uploads(later);
    assertThat(left).extracting(Repository.Upload::key).containsExactly("g/s/1");
    assertThat(left.get(0).begunAt()).isBetween(Instant.now().minusSeconds(3600), later);
    assertThat(repository.abandonUploads(later)).isEqualTo(left);
    assertThat(repository.abandonUploads(later)).isEmpty();
    assertThat(repository.uploads(later)).isEmpty();
    proxy.calm();
    assertThat(repository.create("g/s/1", file)).isEqualTo(Creation.CREATED);
    assertThat(proxy.count(PART)).isEqualTo(3);
  }

  @Test
  void brokenDownloadsGoOnWhereTheyStopped() throws Exception {
    Repository repository = settled();
    byte[] content = content((5 << 20) - 3); // five ranges
    repository.create("g/s/1", file(content));
    proxy.calm();
    proxy.next(
        GET,
        new AnswerCut(1000),
        new AnswerCut(0),
        new Lost(),
        new AnswerCut(300_000),
        SLOW_DOWN,
        new AnswerCut(1 << 19),
        new RefusedAfter(500, "InternalError"),
        new AnswerCut(77_777));
    assertThat(read(repository, "g/s/1", 5))
        .isEqualTo(Arrays.copyOfRange(content, 5, content.length));
    assertThat(proxy.count(GET)).isEqualTo(5 + 8);
  }

  @Test
  void downloadThatAlwaysBreaksEnds() throws Exception {
    Repository repository = settled();
    repository.create("g/s/1", file(content(1 << 20)));
    proxy.every(GET, new AnswerCut(0));
    RepositoryUnavailableException e =
        catchThrowableOfType(
            RepositoryUnavailableException.class, () -> read(repository, "g/s/1", 0));
    assertThat(e).hasMessageContaining("cannot read s3://").hasMessageContaining("broke off");
    assertThat(e.hint()).contains("network");
  }

  @Test
  void whoLooksAtTheHeadFetchesNoMore() throws Exception {
    Repository repository = settled();
    repository.create("g/s/1", file(content(5 << 20)));
    proxy.calm();
    try (InputStream in = repository.read("g/s/1", 0)) {
      assertThat(in.readNBytes(1000)).hasSize(1000);
    }
    assertThat(proxy.count("GET .*")).isEqualTo(1);
  }

  @Test
  void objectThatIsReplacedWhileItIsReadIsNeverMixed() throws Exception {
    S3Options place = lab.options();
    Repository repository = settled(place);
    byte[] content = content(3 << 20);
    repository.create("g/s/1", file(content));
    try (InputStream in = repository.read("g/s/1", 0)) {
      assertThat(in.readNBytes(1000)).hasSize(1000);
      repository.delete("g/s/1");
      repository.create("g/s/1", file(content(3 << 20)));
      assertThatThrownBy(in::readAllBytes)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("became another object");
    }
    try (InputStream in = repository.read("g/s/1", 0)) {
      assertThat(in.readNBytes(1000)).hasSize(1000);
      repository.delete("g/s/1");
      assertThatThrownBy(in::readAllBytes).isInstanceOf(NoSuchFileException.class);
    }
  }

  @Test
  void wrongSecretIsRefusedAtOnce() throws Exception {
    refused(
        lab.options()
            .withCredentials(
                Optional.of(new S3Options.Credentials(lab.accessKey(), "another-secret"))),
        "refuses the secret key '" + lab.accessKey() + "'",
        "repository.secretKeyFile");
    refused(
        lab.options()
            .withCredentials(Optional.of(new S3Options.Credentials("nobody", "another-secret"))),
        "does not know the access key 'nobody'",
        "repository.accessKey");
  }

  @Test
  void missingBucketIsSaidAtOnce() throws Exception {
    S3Options place = lab.options();
    refused(
        new S3Options(
            "no-such-bucket",
            "",
            place.endpoint(),
            place.region(),
            true,
            place.credentials(),
            Optional.empty(),
            place.transfer(),
            place.retry()),
        "there is no bucket 'no-such-bucket'",
        "make the bucket");
  }

  private void refused(S3Options options, String message, String hint) throws Exception {
    Repository repository = S3Repository.open(options, Bandwidth.UNLIMITED);
    Path file = file(content(6 << 20));
    for (Attempt attempt :
        new Attempt[] {
          () -> repository.list(""),
          () -> repository.sizeBytes("g/m/1"),
          () -> repository.read("g/m/1", 0),
          () -> repository.create("g/m/1", bytes("x")),
          () -> repository.create("g/s/1", file),
          () -> repository.abandonUploads(Instant.EPOCH)
        }) {
      proxy.calm();
      VarveException e = catchThrowableOfType(VarveException.class, attempt::run);
      assertThat(e.exitCode()).isEqualTo(ExitCode.FAILED);
      assertThat(e).hasMessageContaining(message);
      assertThat(e.hint()).contains(hint);
      assertThat(e.getMessage() + e.hint()).doesNotContain("another-secret");
      assertThat(proxy.count(".*")).as("requests").isLessThanOrEqualTo(2);
    }
  }

  private interface Attempt {
    void run() throws IOException;
  }

  @Test
  void whatIsNotPermittedIsSaidAtOnce() throws Exception {
    Repository repository = settled();
    proxy.every("DELETE .*", new Refused(403, "AccessDenied", NOTHING));
    VarveException e = catchThrowableOfType(VarveException.class, () -> repository.delete("g/m/1"));
    assertThat(e).hasMessageContaining("does not permit to remove");
    assertThat(e.hint()).contains("docs/object-storage.md");
    assertThat(proxy.count("DELETE .*")).isEqualTo(1);
  }

  @Test
  void clocksThatDifferAreSaid() throws Exception {
    Repository repository = settled();
    proxy.every(PUT, new Refused(403, "RequestTimeTooSkewed", NOTHING));
    VarveException e =
        catchThrowableOfType(VarveException.class, () -> repository.create("g/m/1", bytes("x")));
    assertThat(e.hint()).contains("clock");
  }

  @Test
  void anotherRegionIsSaid() throws Exception {
    Repository repository = settled();
    proxy.every("GET .*", new Refused(301, "PermanentRedirect", NOTHING));
    VarveException e = catchThrowableOfType(VarveException.class, () -> repository.list(""));
    assertThat(e.hint()).contains("repository.region");
  }

  @Test
  void storeWithoutConditionalWritesIsFoundOutByTheFirstObject() throws Exception {
    Repository repository = lab.repository();
    proxy.every(PUT, new ConditionIgnored());
    VarveException e =
        catchThrowableOfType(VarveException.class, () -> repository.create("g/m/1", bytes("x")));
    assertThat(e).hasMessageContaining("does not honour conditional writes");
    assertThat(e.hint()).contains("If-None-Match");
  }

  @Test
  void storeThatSaysItHasNoConditionalWritesIsToldOf() throws Exception {
    Repository repository = lab.repository();
    proxy.every(PUT, new Refused(501, "NotImplemented", NOTHING));
    VarveException e =
        catchThrowableOfType(VarveException.class, () -> repository.create("g/m/1", bytes("x")));
    assertThat(e.hint()).contains("If-None-Match");
    assertThat(proxy.count(PUT)).isEqualTo(1);
  }

  @Test
  void endpointWhereNobodyListensIsNamed() {
    Repository repository =
        S3Repository.open(
            S3Options.of("bucket", "", Optional.of(URI.create("http://127.0.0.1:1")))
                .withCredentials(Optional.of(new S3Options.Credentials("a", "b")))
                .withRetry(S3Lab.IMPATIENT),
            Bandwidth.UNLIMITED);
    RepositoryUnavailableException e =
        catchThrowableOfType(RepositoryUnavailableException.class, () -> repository.list(""));
    assertThat(e).hasMessageContaining("cannot reach http://127.0.0.1:1");
    assertThat(e.hint()).contains("repository.endpoint");
  }

  @Test
  void certificateOfAnAuthorityOfOnesOwnIsTrusted() throws Exception {
    Path keys = files.resolve("server.p12");
    Path pem = files.resolve("ca.pem");
    keytool(keys, "-genkeypair", "-keyalg", "EC", "-dname", "CN=store", "-ext", "san=ip:127.0.0.1");
    keytool(keys, "-exportcert", "-rfc", "-file", pem.toString());
    try (FaultyProxy tls = FaultyProxy.startTls(context(keys), lab.server())) {
      S3Options place = lab.options(tls.address());
      Repository trusting =
          S3Repository.open(place.withCaFile(Optional.of(pem)), Bandwidth.UNLIMITED);
      byte[] content = content(6 << 20);
      assertThat(trusting.create("g/m/1", bytes("x"))).isEqualTo(Creation.CREATED);
      assertThat(trusting.create("g/s/1", file(content))).isEqualTo(Creation.CREATED);
      assertThat(read(trusting, "g/s/1", 0)).isEqualTo(content);

      VarveException e =
          catchThrowableOfType(
              VarveException.class, () -> S3Repository.open(place, Bandwidth.UNLIMITED).list(""));
      assertThat(e).hasMessageContaining("is not trusted");
      assertThat(e.hint()).contains("repository.caFile");
    }
    VarveException plain =
        catchThrowableOfType(
            VarveException.class,
            () ->
                S3Repository.open(
                        lab.options(URI.create(lab.server().toString().replace("http", "https"))),
                        Bandwidth.UNLIMITED)
                    .list(""));
    assertThat(plain).hasMessageContaining("does not speak TLS");
    assertThat(
            catchThrowableOfType(
                VarveException.class,
                () ->
                    S3Repository.open(
                        lab.options().withCaFile(Optional.of(keys)), Bandwidth.UNLIMITED)))
        .hasMessageContaining("server.p12");
  }

  private static void keytool(Path keys, String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(Path.of(System.getProperty("java.home"), "bin/keytool").toString()));
    command.addAll(List.of(arguments));
    command.addAll(List.of("-keystore", keys.toString(), "-storepass", "keystore"));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
  }

  private static SSLContext context(Path keys) throws Exception {
    char[] password = "keystore".toCharArray();
    KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(KeyStore.getInstance(keys.toFile(), password), password);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    return context;
  }

  @Test
  void interruptedReaderStops() throws Exception {
    Repository repository = settled();
    repository.create("g/m/1", bytes("x"));
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> repository.read("g/m/1", 0)).isInstanceOf(IOException.class);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(read(repository, "g/m/1", 0)).isEqualTo(bytes("x"));
  }

  @Test
  void listsOfManyPagesAreWhole() throws Exception {
    Repository repository = settled();
    int objects = 1_050; // a page has a thousand
    for (int i = 0; i < objects; i++) {
      repository.create(String.format("g/m/%05d", i), new byte[0]);
    }
    assertThat(repository.list("g/m/")).hasSize(objects).isSorted();
    assertThat(repository.list("g/m/", "g/m/00007")).hasSize(objects - 8);
  }

  @Test
  void limitedBandwidthChangesNothingElse() throws Exception {
    S3Options place = lab.options();
    Repository repository = S3Repository.open(place, Bandwidth.of(64L << 20));
    byte[] content = content(6 << 20);
    assertThat(repository.create("g/s/1", file(content))).isEqualTo(Creation.CREATED);
    assertThat(read(repository, "g/s/1", 3)).isEqualTo(Arrays.copyOfRange(content, 3, 6 << 20));
  }

  /** An empty repository that has seen that conditions are honoured, and no requests so far. */
  private Repository settled() throws IOException {
    return settled(lab.options());
  }

  private Repository settled(S3Options place) throws IOException {
    Repository repository = S3Repository.open(place, Bandwidth.UNLIMITED);
    repository.create("first", bytes("first"));
    proxy.calm();
    return repository;
  }

  private static Fault[] lost(int times) {
    Fault[] faults = new Fault[times];
    Arrays.fill(faults, new Lost());
    return faults;
  }

  private Path file(byte[] content) throws IOException {
    return Files.write(Files.createTempFile(files, "file", ""), content);
  }

  private final Random random = new Random(11);

  private byte[] content(int bytes) {
    byte[] content = new byte[bytes];
    random.nextBytes(content);
    return content;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] read(Repository repository, String key, long offset) throws IOException {
    try (InputStream in = repository.read(key, offset)) {
      return in.readAllBytes();
    }
  }
}
