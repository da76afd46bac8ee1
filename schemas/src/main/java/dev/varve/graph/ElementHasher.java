package dev.varve.graph;

import java.nio.ByteBuffer;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** Computes {@link ElementHash}es. Keeps buffers, so one instance serves one thread. */
public final class ElementHasher {

  private static final int DIGEST_BYTES = 32;

  private final MessageDigest sha256;
  private final CanonicalForm form = new CanonicalForm();
  private final byte[] digest = new byte[DIGEST_BYTES];
  private final ByteBuffer halves = ByteBuffer.wrap(digest);

  public ElementHasher() {
    try {
      sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /**
   * The hash of an element.
   *
   * @param id its id; only a vertex's enters the hash
   */
  public ElementHash hash(ElementId id, Element element) {
    if (element instanceof Vertex vertex) {
      form.vertex().text(id.id()).labels(vertex.labels()).properties(vertex.properties());
    } else if (element instanceof Edge edge) {
      form.edge().text(edge.type()).text(edge.start()).text(edge.end());
      form.properties(edge.properties());
    }
    return hash(form);
  }

  /** The hash of an element whose canonical form was made elsewhere. */
  public ElementHash hash(CanonicalForm element) {
    sha256.update(element.array(), 0, element.length());
    try {
      sha256.digest(digest, 0, DIGEST_BYTES);
    } catch (DigestException e) {
      throw new IllegalStateException("SHA-256 has " + DIGEST_BYTES + " bytes", e);
    }
    return new ElementHash(halves.getLong(0), halves.getLong(Long.BYTES));
  }
}
