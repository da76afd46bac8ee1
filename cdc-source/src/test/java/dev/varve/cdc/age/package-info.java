@NullMarked
package dev.varve.cdc.age;

import org.jspecify.annotations.NullMarked;
