#!/bin/sh
# Builds PostgreSQL with Apache AGE from Debian's packages, as varve-test/age:<version>: 17 (AGE 1.5), or 18 (AGE 1.8) if
# that is the argument. It is started like the public apache/age image: POSTGRES_PASSWORD, POSTGRES_USER and POSTGRES_DB
# are taken from the environment, and arguments after the image's name are the server's.
version=${1:-17}
case $version in
  17) suite=trixie ;;
  18) suite=forky ;;
  *) echo "no PostgreSQL $version with AGE in Debian" >&2; exit 64 ;;
esac
. "$(dirname "$0")/debian.sh"
exists "varve-test/age:$version"
bootstrap
mkdir -p "$rootfs/etc/postgresql-common/createcluster.d"
echo 'create_main_cluster = false' >"$rootfs/etc/postgresql-common/createcluster.d/none.conf"
# pgBackRest is for the benchmarks: another backup of the same server, to stand beside ours
packages "postgresql-$version" "postgresql-$version-age" pgbackrest
install -m 755 "$(dirname "$0")/age-entry.sh" "$rootfs/usr/local/bin/age-entry.sh"
import "varve-test/age:$version" \
  -c "ENV PATH=/usr/lib/postgresql/$version/bin:/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 PGDATA=/var/lib/postgresql/data" \
  -c 'ENTRYPOINT ["/usr/local/bin/age-entry.sh"]' -c 'CMD ["postgres"]' -c 'EXPOSE 5432' -c 'USER postgres'
