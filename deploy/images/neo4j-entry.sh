#!/bin/sh
# Starts Neo4j Community as the public image does: settings from NEO4J_… variables, where one
# underscore stands for a dot and two for an underscore; NEO4J_AUTH=user/password or none, or a file that holds that
# named by NEO4J_AUTH_FILE; plugins from /plugins or the home's; data in /data.
set -eu
home=/var/lib/neo4j
mkdir -p /data "$home/conf" "$home/logs" "$home/plugins" "$home/run" "$home/import"
conf="$home/conf/neo4j.conf"
plugins="$home/plugins"
{
  echo 'server.default_listen_address=0.0.0.0'
  echo 'server.directories.data=/data'
  if [ -d /plugins ]; then
    plugins=/plugins
    echo 'server.directories.plugins=/plugins'
  fi
} >"$conf"
auth=${NEO4J_AUTH:-}
if [ -n "${NEO4J_AUTH_FILE:-}" ]; then
  auth=$(cat "$NEO4J_AUTH_FILE")
fi
if [ "$auth" = none ]; then
  echo 'dbms.security.auth_enabled=false' >>"$conf"
elif [ -n "$auth" ] && [ ! -e /data/databases ]; then # the initial one; later it is the server's own affair
  NEO4J_HOME="$home" NEO4J_CONF="$home/conf" java -cp "$home/lib/*" org.neo4j.cli.AdminTool \
    dbms set-initial-password "${auth#*/}"
fi
env | grep '^NEO4J_[a-z]' | while IFS='=' read -r name value; do
  setting=$(echo "${name#NEO4J_}" | sed -e 's/__/%/g' -e 's/_/./g' -e 's/%/_/g')
  echo "$setting=$value" >>"$conf"
done
exec java -Xmx512m -cp "$home/lib/*:$plugins/*" org.neo4j.server.CommunityEntryPoint \
  --home-dir="$home" --config-dir="$home/conf" --console-mode
