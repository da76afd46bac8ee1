package dev.varve.tail;

import java.util.Arrays;

/**
 * Entries in memory: one array of bytes and where in it each entry begins.
 *
 * <p>Grows up to a limit that counts everything, the index and the room for sorting it included. A
 * single entry larger than the limit is taken all the same if it is the only one.
 */
final class SortBuffer {

  /** Key and reference, twice: sorting merges from one pair of arrays into the other. */
  private static final int INDEX_BYTES = 2 * (Long.BYTES + Integer.BYTES);

  private static final int INITIAL_BYTES = 64 * 1024;
  private static final int INITIAL_ENTRIES = 512;
  private static final int INSERTION_SORT_MAX = 12;

  private final long limitBytes;
  private byte[] bytes = new byte[INITIAL_BYTES];
  private int length;
  private long[] keys = new long[INITIAL_ENTRIES];
  private int[] refs = new int[INITIAL_ENTRIES];
  private int count;

  SortBuffer(long limitBytes) {
    this.limitBytes = limitBytes;
  }

  /** Whether an entry of this length fits. */
  boolean hasRoomFor(int entryBytes) {
    return count == 0 || (long) length + entryBytes + (count + 1L) * INDEX_BYTES <= limitBytes;
  }

  /**
   * Makes room for an entry at the end; the caller fills it and then calls {@link #added}.
   *
   * @return where in {@link #bytes} it begins
   */
  int reserve(int entryBytes) {
    int needed = Math.addExact(length, entryBytes);
    if (needed > bytes.length) {
      long doubled = Math.min(bytes.length * 2L, Math.max(limitBytes, INITIAL_BYTES));
      bytes = Arrays.copyOf(bytes, (int) Math.max(needed, doubled));
    }
    return length;
  }

  /** The entry that was reserved last is complete. */
  void added() {
    if (count == refs.length) {
      keys = Arrays.copyOf(keys, count * 2);
      refs = Arrays.copyOf(refs, count * 2);
    }
    keys[count] = SortEntry.key(bytes, length);
    refs[count] = length;
    count++;
    length += SortEntry.totalLength(bytes, length);
  }

  byte[] bytes() {
    return bytes;
  }

  int count() {
    return count;
  }

  int usedBytes() {
    return length;
  }

  /** Where the n-th entry begins. */
  int ref(int n) {
    return refs[n];
  }

  long key(int n) {
    return keys[n];
  }

  void clear() {
    count = 0;
    length = 0;
    if (bytes.length > limitBytes && bytes.length > INITIAL_BYTES) {
      bytes = new byte[INITIAL_BYTES]; // one entry had been larger than all the room
    }
  }

  /** Forgets all entries but those that begin at the given places. */
  void retain(int[] places, int placeCount) {
    int[] kept = Arrays.copyOf(places, placeCount);
    Arrays.sort(kept);
    count = 0;
    length = 0;
    for (int from : kept) {
      int size = SortEntry.totalLength(bytes, from);
      System.arraycopy(bytes, from, bytes, length, size);
      added();
    }
  }

  /** Brings the entries into order. */
  void sort() {
    long[] otherKeys = keys.clone();
    int[] otherRefs = refs.clone();
    mergeSort(otherKeys, otherRefs, keys, refs, 0, count);
  }

  /** Sorts a range of the source into the target; both hold the same at first. */
  private void mergeSort(
      long[] fromKeys, int[] fromRefs, long[] toKeys, int[] toRefs, int low, int high) {
    if (high - low <= INSERTION_SORT_MAX) {
      insertionSort(toKeys, toRefs, low, high);
      return;
    }
    int middle = (low + high) >>> 1;
    mergeSort(toKeys, toRefs, fromKeys, fromRefs, low, middle);
    mergeSort(toKeys, toRefs, fromKeys, fromRefs, middle, high);
    int left = low;
    int right = middle;
    for (int i = low; i < high; i++) {
      boolean takeLeft =
          right >= high
              || (left < middle
                  && compare(fromKeys[left], fromRefs[left], fromKeys[right], fromRefs[right])
                      <= 0);
      int source = takeLeft ? left++ : right++;
      toKeys[i] = fromKeys[source];
      toRefs[i] = fromRefs[source];
    }
  }

  private void insertionSort(long[] k, int[] r, int low, int high) {
    for (int i = low + 1; i < high; i++) {
      long key = k[i];
      int ref = r[i];
      int j = i - 1;
      while (j >= low && compare(k[j], r[j], key, ref) > 0) {
        k[j + 1] = k[j];
        r[j + 1] = r[j];
        j--;
      }
      k[j + 1] = key;
      r[j + 1] = ref;
    }
  }

  private int compare(long keyA, int refA, long keyB, int refB) {
    int byKey = Long.compare(keyA, keyB);
    return byKey != 0 ? byKey : SortEntry.compare(bytes, refA, bytes, refB);
  }
}
