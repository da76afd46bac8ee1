#!/bin/sh
# Starts S3Proxy as the public andrewgaul/s3proxy image does, with those of its variables that docker-compose.yml sets.
set -eu
umask 077
if [ -n "${S3PROXY_CREDENTIAL_FILE:-}" ]; then
  S3PROXY_CREDENTIAL=$(cat "$S3PROXY_CREDENTIAL_FILE")
fi
cat >/tmp/s3proxy.properties <<PROPERTIES
s3proxy.endpoint=$S3PROXY_ENDPOINT
s3proxy.authorization=$S3PROXY_AUTHORIZATION
s3proxy.identity=$S3PROXY_IDENTITY
s3proxy.credential=$S3PROXY_CREDENTIAL
jclouds.provider=$JCLOUDS_PROVIDER
jclouds.identity=none
jclouds.credential=none
jclouds.filesystem.basedir=$JCLOUDS_FILESYSTEM_BASEDIR
PROPERTIES
# S3Proxy sends standard error to its logger, which must not send it back there.
# shellcheck disable=SC2086
exec java ${S3PROXY_JAVA_OPTS:-} -Dorg.slf4j.simpleLogger.cacheOutputStream=true -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
  -cp '/opt/s3proxy/lib/*' org.gaul.s3proxy.Main --properties /tmp/s3proxy.properties
