package dev.varve.archive.s3;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.ContentStreamProvider;

/**
 * A part of a file. It is read again for every use instead of being held in memory.
 *
 * @param number counted from 1, as stores do
 */
record Slice(Path file, int number, long from, long bytes) {

  private static final int BUFFER_BYTES = 64 << 10;

  /**
   * What the bytes are checked by.
   *
   * @param hex 32 lower-case digits, as in ETags
   */
  record Md5(String hex) {
    /** As in the header. */
    String base64() {
      return Base64.getEncoder().encodeToString(HexFormat.of().parseHex(hex));
    }

    private static Md5 of(MessageDigest digest) {
      return new Md5(HexFormat.of().formatHex(digest.digest()));
    }

    static Md5 of(byte[] content) {
      MessageDigest digest = digester();
      digest.update(content);
      return of(digest);
    }

    private static MessageDigest digester() {
      try {
        return MessageDigest.getInstance("MD5");
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java has MD5", e);
      }
    }
  }

  Md5 md5() throws IOException {
    MessageDigest digest = Md5.digester();
    try (InputStream in = open()) {
      byte[] buffer = new byte[BUFFER_BYTES];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
    }
    return Md5.of(digest);
  }

  RequestBody body() {
    return RequestBody.fromContentProvider(
        ContentStreamProvider.fromInputStreamSupplier(
            () -> {
              try {
                return open();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            }),
        bytes,
        "application/octet-stream");
  }

  private InputStream open() throws IOException {
    return new Bytes(FileChannel.open(file, StandardOpenOption.READ), file, from, from + bytes);
  }

  private static final class Bytes extends InputStream {
    private final FileChannel channel;
    private final Path file;
    private final long end;
    private long at;

    Bytes(FileChannel channel, Path file, long from, long end) {
      this.channel = channel;
      this.file = file;
      this.at = from;
      this.end = end;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      if (at == end) {
        return -1;
      }
      int wanted = (int) Math.min(Math.min(length, BUFFER_BYTES), end - at);
      int count = channel.read(ByteBuffer.wrap(target, offset, wanted), at);
      if (count < 0) {
        throw new IOException(file + " shrank while it was sent");
      }
      at += count;
      return count;
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
