#!/bin/sh
# slim.sh <distribution> <new directory>: a copy of the distribution as an image needs it: without native libraries of
# other platforms, and with one file for what several of its class paths hold. Needs a JDK's jar.
set -eu
mkdir -p "$2"
cp -R "$1/." "$2"
cd "$2"

case $(uname -m) in
  x86_64) mine='linux64[.]so|linux[-/](amd64|x86_64|x86-64)|(Linux|linux)/x86_64' ;;
  aarch64) mine='linux-aarch64[.]so|linux[-/](aarch64|aarch_64)|(Linux|linux)/aarch64' ;;
  *) mine='.' ;;
esac
for jar in lib/*/rocksdbjni-*.jar lib/*/zstd-jni-*.jar lib/*/snappy-java-*.jar lib/*/lz4-java-*.jar; do
  if [ -f "$jar" ] && [ "$mine" != . ]; then
    rm -rf unpacked && mkdir unpacked
    (cd unpacked && jar -xf "../$jar")
    find unpacked -type f \( -name '*.so' -o -name '*.so.*' -o -name '*.jnilib' -o -name '*.dylib' -o -name '*.dll' -o -name '*.a' \) |
      grep -vE "$mine" | while read -r other; do rm "$other"; done
    jar -c -f "$jar" -M -C unpacked .
    rm -r unpacked
  fi
done
# Neo4j brings a native transport for each kind of machine, in jars of their own
case $(uname -m) in
  x86_64) rm -f lib/*/netty-*-osx-*.jar lib/*/netty-*-linux-aarch_64.jar ;;
  aarch64) rm -f lib/*/netty-*-osx-*.jar lib/*/netty-*-linux-x86_64.jar ;;
esac

for path in kafka neo4j; do
  for jar in lib/"$path"/*.jar; do
    name=${jar##*/}
    for first in core kafka; do
      if [ "$first" != "$path" ] && [ -f "lib/$first/$name" ] && cmp -s "lib/$first/$name" "$jar"; then
        ln -sf "../$first/$name" "$jar"
        break
      fi
    done
  done
done
