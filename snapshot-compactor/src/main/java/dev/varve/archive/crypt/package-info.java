/**
 * Encryption of a repository at the client: master key, keyrings, and the format of an encrypted
 * object. {@code docs/format/encryption.md} describes what is written.
 */
@NullMarked
package dev.varve.archive.crypt;

import org.jspecify.annotations.NullMarked;
