/** A repository in object storage, and what it takes to speak to one over unreliable networks. */
@NullMarked
package dev.varve.archive.s3;

import org.jspecify.annotations.NullMarked;
