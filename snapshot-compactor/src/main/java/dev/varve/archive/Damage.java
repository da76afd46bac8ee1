package dev.varve.archive;

/** Something wrong in a repository, by the key of the object that it is wrong with. */
public sealed interface Damage {

  String key();

  /** One sentence for an operator. */
  String text();

  /** An object that should be there is not. */
  record Missing(String key) implements Damage {
    @Override
    public String text() {
      return key + " is missing";
    }
  }

  /** An object is shorter or longer than its manifest says. */
  record WrongLength(String key, long expectedBytes, long actualBytes) implements Damage {
    @Override
    public String text() {
      return key
          + (actualBytes < expectedBytes ? " is cut off: " : " is too long: ")
          + actualBytes
          + " bytes, not "
          + expectedBytes;
    }
  }

  /** An object does not have the hash by which a manifest names it. */
  record Altered(String key, String expectedSha256, String actualSha256) implements Damage {
    @Override
    public String text() {
      return key + " was altered: its sha256 is " + actualSha256 + ", not " + expectedSha256;
    }
  }

  /** An object cannot be understood. */
  record Unreadable(String key, String what) implements Damage {
    @Override
    public String text() {
      return what;
    }
  }

  /** An object was written by a newer Varve. */
  record TooNew(String key, String what) implements Damage {
    @Override
    public String text() {
      return what;
    }
  }
}
