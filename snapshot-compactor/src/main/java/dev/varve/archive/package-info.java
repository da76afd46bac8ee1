/**
 * What lies in object storage: the repository seam, manifests, the chain that they form, segments
 * of element versions and transactions files. Writing and reading live side by side.
 */
@NullMarked
package dev.varve.archive;

import org.jspecify.annotations.NullMarked;
