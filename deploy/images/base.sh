#!/bin/sh
# Builds the Debian that the other images stand on, as varve-test/debian:trixie; they do so themselves if it is not there.
. "$(dirname "$0")/debian.sh"
exists "$base"
bootstrap
