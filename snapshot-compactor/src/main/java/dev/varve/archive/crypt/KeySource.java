package dev.varve.archive.crypt;

import dev.varve.fault.ExitCode;
import dev.varve.fault.VarveException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Where a master key comes from. What a source says of itself never has the key in it. */
public sealed interface KeySource {

  /**
   * Fetches the key.
   *
   * @throws VarveException if there is none to be had there
   */
  MasterKey load();

  /** A file that only its owner, and perhaps a group, can read. */
  record KeyFile(Path file) implements KeySource {

    private static final int BYTES_MAX = 4096;

    @Override
    public MasterKey load() {
      try {
        refuseOpenFile();
        try (InputStream in = Files.newInputStream(file)) {
          return MasterKey.ofContent(in.readNBytes(BYTES_MAX), file.toString());
        }
      } catch (NoSuchFileException e) {
        throw new VarveException(
            ExitCode.USAGE,
            "there is no key file " + file,
            "bring it back from where keys are kept; 'varve key generate FILE' makes a new one,"
                + " which opens new repositories only",
            e);
      } catch (IOException e) {
        throw new VarveException(
            ExitCode.USAGE,
            "cannot read the key file " + file + ": " + e,
            "it must be readable by the user who runs varve",
            e);
      }
    }

    private void refuseOpenFile() throws IOException {
      if (!Files.getFileStore(file).supportsFileAttributeView("posix")) {
        return;
      }
      Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
      if (permissions.contains(PosixFilePermission.OTHERS_READ)
          || permissions.contains(PosixFilePermission.OTHERS_WRITE)
          || permissions.contains(PosixFilePermission.GROUP_WRITE)) {
        throw new VarveException(
            ExitCode.USAGE,
            "the key file "
                + file
                + " is open to others ("
                + PosixFilePermissions.toString(permissions)
                + ")",
            "chmod 600 "
                + file
                + " (or 440 for a group; in Kubernetes: defaultMode: 0440); if others could read"
                + " it, 'varve key rotate' to a new one");
      }
    }
  }

  /**
   * Text that was given directly.
   *
   * @param origin such as the name of a variable
   */
  record Text(String origin, String text) implements KeySource {
    @Override
    public MasterKey load() {
      return MasterKey.parse(text, origin);
    }

    @Override
    public String toString() {
      return origin;
    }
  }

  /** What a command prints to its standard output. */
  record Command(List<String> command, Duration limit) implements KeySource {

    public static final Duration USUAL_LIMIT = Duration.ofSeconds(30);

    private static final int OUTPUT_MAX = 4096;
    private static final int SHOWN_MAX = 500;

    public Command {
      command = List.copyOf(command);
      if (command.isEmpty()) {
        throw new IllegalArgumentException("the command is empty");
      }
    }

    /** A command line for {@code /bin/sh}. */
    public static Command shell(String line) {
      return new Command(List.of("/bin/sh", "-c", line), USUAL_LIMIT);
    }

    /** A program and its arguments, without a shell. */
    public static Command of(List<String> command) {
      return new Command(command, USUAL_LIMIT);
    }

    @Override
    public MasterKey load() {
      Process process;
      try {
        process = new ProcessBuilder(command).start();
        process.getOutputStream().close();
      } catch (IOException e) {
        throw failed("cannot be started: " + e.getMessage());
      }
      CompletableFuture<byte[]> out = drain(process.getInputStream());
      CompletableFuture<byte[]> err = drain(process.getErrorStream());
      try {
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
          throw failed("did not end within " + limit.toSeconds() + " s");
        }
        byte[] key = out.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        byte[] errors = err.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        if (process.exitValue() != 0) {
          throw failed("ended with exit code " + process.exitValue() + said(errors, key));
        }
        if (key.length == 0) {
          throw failed("printed nothing" + said(errors, key));
        }
        return MasterKey.ofContent(key, "the output of " + this);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw failed("was interrupted");
      } catch (ExecutionException | TimeoutException e) {
        throw failed("left its output open");
      } finally {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
    }

    /** Reads to the end, in a thread of its own; keeps the beginning. */
    private static CompletableFuture<byte[]> drain(InputStream in) {
      return CompletableFuture.supplyAsync(
          () -> {
            try (in) {
              byte[] kept = in.readNBytes(OUTPUT_MAX);
              in.transferTo(java.io.OutputStream.nullOutputStream());
              return kept;
            } catch (IOException e) {
              return new byte[0];
            }
          },
          task -> {
            Thread thread = new Thread(task, "varve-key-command");
            thread.setDaemon(true);
            thread.start();
          });
    }

    /** A command that traces itself may print the key among its errors. */
    private static String said(byte[] err, byte[] key) {
      String text = new String(err, StandardCharsets.UTF_8).strip();
      String secret = new String(key, StandardCharsets.UTF_8).strip();
      if (!secret.isEmpty()) {
        text = text.replace(secret, "***");
      }
      if (text.isEmpty()) {
        return " and said nothing";
      }
      return "; it said: " + text.substring(0, Math.min(SHOWN_MAX, text.length()));
    }

    private VarveException failed(String what) {
      return new VarveException(
          ExitCode.FAILED,
          "the key command " + this + " " + what,
          "run it by hand as the user who runs varve; it must print the key, 32 bytes or their"
              + " base64 or hexadecimal text, and nothing else");
    }

    /** The program alone: arguments and assignments may hold secrets. */
    @Override
    public String toString() {
      boolean line = command.size() == 3 && command.get(0).equals("/bin/sh");
      String first = line ? command.get(2).strip().split("\\s+", 2)[0] : command.get(0);
      return "'" + (first.contains("=") ? "" : first) + (command.size() > 1 ? " …'" : "'");
    }
  }
}
