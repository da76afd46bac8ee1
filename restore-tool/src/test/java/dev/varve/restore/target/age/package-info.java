@org.jspecify.annotations.NullMarked
package dev.varve.restore.target.age;
