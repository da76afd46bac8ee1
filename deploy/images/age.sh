#!/bin/sh
# Builds PostgreSQL 17 with Apache AGE from Debian's packages, as varve-test/age:17. It is started like the public
# apache/age image: POSTGRES_PASSWORD, POSTGRES_USER and POSTGRES_DB are taken from the environment, and arguments after
# the image's name are the server's.
. "$(dirname "$0")/debian.sh"
exists varve-test/age:17
bootstrap
mkdir -p "$rootfs/etc/postgresql-common/createcluster.d"
echo 'create_main_cluster = false' >"$rootfs/etc/postgresql-common/createcluster.d/none.conf"
# pgBackRest is for the benchmarks: another backup of the same server, to stand beside ours
packages postgresql-17 postgresql-17-age pgbackrest
install -m 755 "$(dirname "$0")/age-entry.sh" "$rootfs/usr/local/bin/age-entry.sh"
import varve-test/age:17 \
  -c 'ENV PATH=/usr/lib/postgresql/17/bin:/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 PGDATA=/var/lib/postgresql/data' \
  -c 'ENTRYPOINT ["/usr/local/bin/age-entry.sh"]' -c 'CMD ["postgres"]' -c 'EXPOSE 5432' -c 'USER postgres'
