/** The texts of Apache AGE: its values (agtype) and the numbers of its elements (graphid). */
@NullMarked
package dev.varve.age;

import org.jspecify.annotations.NullMarked;
