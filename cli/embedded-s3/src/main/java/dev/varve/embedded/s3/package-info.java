/** An S3 server in this process, for tests. */
@NullMarked
package dev.varve.embedded.s3;

import org.jspecify.annotations.NullMarked;
