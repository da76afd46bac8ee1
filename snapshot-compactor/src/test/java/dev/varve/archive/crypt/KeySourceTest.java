package dev.varve.archive.crypt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeySourceTest {

  @TempDir Path directory;
  private final String text = MasterKey.generate(new SecureRandom());
  private final byte[] bytes = Base64.getDecoder().decode(text.strip());
  private final String id = MasterKey.of(bytes, "test").id();

  @Test
  void everyFormOfTheSameKeyIsTheSame() throws Exception {
    String hex = HexFormat.of().formatHex(bytes);
    String url = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    for (byte[] content :
        List.of(
            bytes,
            text.getBytes(),
            hex.getBytes(),
            ("  " + hex.toUpperCase() + "\n").getBytes(),
            url.getBytes())) {
      Path file = directory.resolve("key");
      Files.deleteIfExists(file);
      Files.write(file, content);
      permissions(file, "rw-r-----");
      assertThat(new KeySource.KeyFile(file).load().id()).isEqualTo(id);
    }
    assertThat(new KeySource.Text("VARVE_REPOSITORY_KEY", hex).load().id()).isEqualTo(id);
    assertThat(KeySource.Command.shell("echo " + text.strip()).load().id()).isEqualTo(id);
    assertThat(KeySource.Command.of(List.of("echo", text.strip())).load().id()).isEqualTo(id);
  }

  @Test
  void aFileThatOthersCanReadIsRefused() throws Exception {
    Path file = Files.writeString(directory.resolve("key"), text);
    for (String open : List.of("rw-r--r--", "rw----r--", "rw-rw----", "rw-----w-")) {
      permissions(file, open);
      refused(() -> new KeySource.KeyFile(file).load(), ExitCode.USAGE, "open to others", text);
    }
  }

  @Test
  void whatIsNoKeyIsRefusedAndNotShown() throws Exception {
    for (String wrong :
        List.of("", "secret!", text.substring(0, 40), "00".repeat(32), text + text)) {
      refused(() -> MasterKey.parse(wrong, "a test"), ExitCode.USAGE, "from a test is none", wrong);
    }
    refused(
        () -> new KeySource.KeyFile(directory.resolve("none")).load(),
        ExitCode.USAGE,
        "there is no key file",
        text);
  }

  @Test
  void aCommandThatFailsIsShownWithoutTheKey() {
    String secret = text.strip();
    refused(
        () ->
            KeySource.Command.shell("echo " + secret + "; echo +" + secret + " oh >&2; exit 3")
                .load(),
        ExitCode.FAILED,
        "exit code 3; it said: +*** oh",
        secret);
    refused(
        () -> KeySource.Command.shell("SECRET=" + secret + " false").load(),
        ExitCode.FAILED,
        "exit code 1 and said nothing",
        secret);
    refused(
        () -> KeySource.Command.of(List.of("/no/such/program", secret)).load(),
        ExitCode.FAILED,
        "/no/such/program",
        secret);
    refused(() -> KeySource.Command.shell("true").load(), ExitCode.FAILED, "nothing", secret);
  }

  @Test
  void aCommandThatHangsIsEnded() {
    refused(
        () -> new KeySource.Command(List.of("sleep", "1000"), Duration.ofMillis(100)).load(),
        ExitCode.FAILED,
        "did not end within",
        text);
  }

  @Test
  void noSourceAndNoKeySaysItself() {
    assertThat(new KeySource.Text("VAR", text).toString()).isEqualTo("VAR");
    assertThat(MasterKey.parse(text, "x").toString()).isEqualTo("master key " + id);
  }

  private static void permissions(Path file, String permissions) throws Exception {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
  }

  private static void refused(ThrowingCallable call, ExitCode code, String said, String unsaid) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            VarveException.class,
            e -> {
              assertThat(e.exitCode()).isEqualTo(code);
              assertThat(e.getMessage()).contains(said);
              if (!unsaid.isEmpty()) {
                assertThat(e.getMessage() + e.hint() + e.getCause()).doesNotContain(unsaid);
              }
            });
  }
}
