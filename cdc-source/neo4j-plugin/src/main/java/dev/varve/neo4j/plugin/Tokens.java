// SPDX-License-Identifier: GPL-3.0-only
package dev.varve.neo4j.plugin;

import dev.varve.neo4j.plugin.CdcException.Code;
import org.neo4j.token.TokenHolders;
import org.neo4j.token.api.TokenHolder;
import org.neo4j.token.api.TokenNotFoundException;

/** Names of labels, relationship types and property keys by Neo4j's numbers for them. */
final class Tokens {

  private final TokenHolders holders;

  Tokens(TokenHolders holders) {
    this.holders = holders;
  }

  String label(int id) {
    return name(holders.labelTokens(), id);
  }

  String type(int id) {
    return name(holders.relationshipTypeTokens(), id);
  }

  String key(int id) {
    return name(holders.propertyKeyTokens(), id);
  }

  private static String name(TokenHolder holder, int id) {
    try {
      return holder.getTokenById(id).name();
    } catch (TokenNotFoundException e) {
      // Tokens are never dropped, and each is committed before the first use of it.
      throw new CdcException(
          Code.LOG_BROKEN,
          "The log names the "
              + holder.getTokenType()
              + " number "
              + id
              + ", which the store does not have.",
          "Check the store's consistency; capture then has to scan it anew.",
          e);
    }
  }
}
