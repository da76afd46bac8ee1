#!/bin/sh
# Starts a broker as the public apache/kafka image does: settings from KAFKA_… variables, where one underscore stands for
# a dot, two for an underscore and three for a dash; CLUSTER_ID is what storage is formatted for at the first start.
set -eu
home=/opt/kafka
settings=/tmp/server.properties
: >"$settings"
env | grep '^KAFKA_' | while IFS='=' read -r name value; do
  case $name in
    KAFKA_HEAP_OPTS | KAFKA_OPTS | KAFKA_JVM_PERFORMANCE_OPTS) ;;
    *)
      key=$(echo "${name#KAFKA_}" | tr '[:upper:]' '[:lower:]' | sed -e 's/___/-/g' -e 's/__/%/g' -e 's/_/./g' -e 's/%/_/g')
      echo "$key=$value" >>"$settings"
      ;;
  esac
done
if [ ! -s "$KAFKA_LOG_DIRS/meta.properties" ]; then
  java -cp "$home/libs/*" kafka.tools.StorageTool format --ignore-formatted \
    --cluster-id "${CLUSTER_ID:?must be set}" --config "$settings"
fi
# shellcheck disable=SC2086
exec java ${KAFKA_HEAP_OPTS:--Xmx1g} -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError \
  -Dorg.slf4j.simpleLogger.defaultLogLevel=warn ${KAFKA_OPTS:-} -cp "$home/libs/*" kafka.Kafka "$settings"
