/** What a graph can be restored into: each kind of target by the URI that names it. */
@NullMarked
package dev.varve.restore.target;

import org.jspecify.annotations.NullMarked;
