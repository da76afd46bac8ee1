#!/bin/sh
# Builds the images of docker-compose.yml where none can be pulled, on varve-test/jre:21 and varve-test/debian:trixie (jre.sh),
# from what the Maven build has fetched and built: varve-test/{kafka,registry,s3,neo4j,varve}. They take those of the
# public images' variables that docker-compose.yml sets. Prints the variables that name them there.
#
#   stack.sh [kafka|registry|s3|neo4j|varve]...        all, if none is named
set -eu
cd "$(dirname "$0")/../.."
export DOCKER_BUILDKIT=0
here=deploy/images
dist=cli/target/varve
jre=${VARVE_TEST_JRE_IMAGE:-varve-test/jre:21}
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT

# servers of tests live for minutes: what starts soonest is best
for_tests='ENV JAVA_TOOL_OPTIONS="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"'

need() {
  if [ ! -e "$1" ]; then
    printf 'ERROR: %s is not there\nHINT: %s makes it\n' "$1" "$2" >&2
    exit 1
  fi
}
need "$dist/built" 'mvn package'
need cli/embedded-s3/target/class-path 'mvn package'
need schemas/target/apicurio/apicurio.tar.gz 'mvn -pl schemas process-test-resources'

# build <name>: from $context/<name>
build() {
  if ! docker build -q -t "varve-test/$1" "$context/$1" >"$context/$1.log" 2>&1; then
    cat "$context/$1.log" >&2
    exit 1
  fi
}

kafka() {
  mkdir -p "$context/kafka/libs"
  cp "$dist"/lib/kafka/*.jar "$dist"/lib/core/slf4j-*.jar "$context/kafka/libs"
  cp "$here/kafka-entry.sh" "$context/kafka"
  cat >"$context/kafka/Dockerfile" <<FILE
FROM $jre
$for_tests
RUN useradd --uid 1000 appuser && install -d -o appuser /var/lib/kafka/data
COPY libs /opt/kafka/libs
COPY kafka-entry.sh /kafka-entry.sh
USER appuser
ENTRYPOINT ["sh", "/kafka-entry.sh"]
FILE
  build kafka
}

registry() {
  mkdir -p "$context/registry/deployments"
  tar -xzf schemas/target/apicurio/apicurio.tar.gz -C "$context/registry/deployments"
  cat >"$context/registry/Dockerfile" <<FILE
FROM $jre
$for_tests
RUN useradd --uid 1001 registry
COPY deployments /deployments
USER registry
ENTRYPOINT ["sh", "-c", "exec java \${JAVA_OPTS_APPEND:-} -jar /deployments/quarkus-run.jar"]
FILE
  build registry
}

s3() {
  mkdir -p "$context/s3/lib"
  cp cli/embedded-s3/target/class-path/*.jar "$dist"/lib/core/slf4j-*.jar "$context/s3/lib"
  cp "$here/s3-entry.sh" "$context/s3"
  cat >"$context/s3/Dockerfile" <<FILE
FROM $jre
$for_tests
COPY lib /opt/s3proxy/lib
COPY s3-entry.sh /opt/s3proxy/run-docker-container.sh
RUN chmod 755 /opt/s3proxy/run-docker-container.sh
CMD ["/opt/s3proxy/run-docker-container.sh"]
FILE
  build s3
}

neo4j() {
  mkdir -p "$context/neo4j/lib"
  cp "$dist"/lib/neo4j/*.jar "$dist"/lib/core/slf4j-api-*.jar "$context/neo4j/lib"
  rm -f "$context"/neo4j/lib/varve-*.jar
  cp "$here/neo4j-entry.sh" "$context/neo4j"
  cat >"$context/neo4j/Dockerfile" <<FILE
FROM $jre
$for_tests
COPY lib /var/lib/neo4j/lib
COPY neo4j-entry.sh /neo4j-entry.sh
EXPOSE 7687
ENTRYPOINT ["sh", "/neo4j-entry.sh"]
FILE
  build neo4j
}

varve() {
  mkdir -p "$context/varve"
  sh "$here/slim.sh" "$dist" "$context/varve/varve"
  sh "$here/runtime.sh" "$context/varve/java"
  sed -n '/^FROM .* AS varve$/,$p' Dockerfile |
    sed -e 's/^FROM .*/FROM varve-test\/debian:trixie/' -e 's/--from=build \///' >"$context/varve/Dockerfile"
  build varve
}

if [ $# -eq 0 ]; then
  set -- kafka registry s3 neo4j varve
fi
builds=
for image in "$@"; do
  "$image" >&2 &
  builds="$builds $!"
done
for pid in $builds; do
  wait "$pid"
done
for image in "$@"; do
  echo "$(echo "$image" | tr '[:lower:]' '[:upper:]')_IMAGE=varve-test/$image"
done
