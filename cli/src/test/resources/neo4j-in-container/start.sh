# Starts Neo4j Community as the public image does: settings from NEO4J_… variables, where one
# underscore stands for a dot and two for an underscore, and NEO4J_AUTH=user/password or none.
set -eu
home=/var/lib/neo4j
mkdir -p "$home/conf" "$home/data" "$home/logs" "$home/plugins" "$home/run" "$home/import"
conf="$home/conf/neo4j.conf"
echo 'server.default_listen_address=0.0.0.0' >"$conf"
if [ "${NEO4J_AUTH:-}" = none ]; then
  echo 'dbms.security.auth_enabled=false' >>"$conf"
elif [ -n "${NEO4J_AUTH:-}" ]; then
  NEO4J_HOME="$home" NEO4J_CONF="$home/conf" java -cp "$home/lib/*" org.neo4j.cli.AdminTool \
    dbms set-initial-password "${NEO4J_AUTH#*/}"
fi
env | grep '^NEO4J_[a-z]' | while IFS='=' read -r name value; do
  setting=$(echo "${name#NEO4J_}" | sed -e 's/__/%/g' -e 's/_/./g' -e 's/%/_/g')
  echo "$setting=$value" >>"$conf"
done
exec java -Xmx512m -cp "$home/lib/*:$home/plugins/*" org.neo4j.server.CommunityEntryPoint \
  --home-dir="$home" --config-dir="$home/conf" --console-mode
