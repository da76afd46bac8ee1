package dev.varve.cli;

import dev.varve.compact.LedgerBook;
import picocli.CommandLine.Option;

/** What to do if the newest ledger may be damaged. */
final class LedgerOptions {

  @Option(
      names = "--accept-lost-ledger",
      description = {
        "go on from the newest readable ledger though a newer one may be damaged:",
        "restore points set since are lost, and what expired since shows as missing"
      })
  private boolean acceptLost;

  LedgerBook.Unknown unknown() {
    return acceptLost ? LedgerBook.Unknown.ACCEPT : LedgerBook.Unknown.REFUSE;
  }
}
