/** What a merge of a branch into the new primary does, and what stands in its way. */
@NullMarked
package dev.varve.restore.branch;

import org.jspecify.annotations.NullMarked;
