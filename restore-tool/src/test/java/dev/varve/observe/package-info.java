@NullMarked
package dev.varve.observe;

import org.jspecify.annotations.NullMarked;
