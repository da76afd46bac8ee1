#!/bin/sh
# Builds the image that the servers of the container tests stand on: Debian with a Java runtime, as varve-test/jre:21.
# 21, as the schema registry needs it.
. "$(dirname "$0")/debian.sh"
exists varve-test/jre:21
bootstrap
packages openjdk-21-jre-headless
import varve-test/jre:21
