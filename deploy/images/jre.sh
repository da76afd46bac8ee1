#!/bin/sh
# Builds the image that the container tests of Neo4j stand on: Debian with a Java runtime, as varve-test/jre:17.
. "$(dirname "$0")/debian.sh"
exists varve-test/jre:17
bootstrap "$(. /etc/os-release && echo "$VERSION_CODENAME")"
packages openjdk-17-jre-headless
import varve-test/jre:17
