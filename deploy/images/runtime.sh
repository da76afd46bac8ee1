#!/bin/sh
# runtime.sh <new directory>: a Java runtime of the modules that Varve, and what it embeds, need. Needs a JDK 17 or later.
set -eu
modules=java.base,java.compiler,java.desktop,java.instrument,java.logging,java.management,java.naming,java.net.http,java.rmi
modules=$modules,java.scripting,java.security.jgss,java.security.sasl,java.sql,java.transaction.xa,java.xml,java.xml.crypto
modules=$modules,jdk.crypto.cryptoki,jdk.crypto.ec,jdk.httpserver,jdk.jfr,jdk.management,jdk.management.agent,jdk.net
modules=$modules,jdk.security.auth,jdk.unsupported,jdk.zipfs
jlink --add-modules "$modules" --strip-java-debug-attributes --no-man-pages --no-header-files --compress=2 --output "$1"
"$1/bin/java" -Xshare:dump >/dev/null # what every start would otherwise parse again
