#!/bin/sh
# Builds the image that the container tests stand on where no registry can be reached:
# Debian with a Java runtime, as varve-test/jre:17. Needs root, debootstrap and a Docker engine.
# Debian's packages come from the mirror that this machine's apt is set up with.
set -eu
image=varve-test/jre:17
if docker image inspect "$image" >/dev/null 2>&1; then
  echo "$image is there already"
  exit 0
fi
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $suite" | head -n 1)
rootfs=$(mktemp -d)
cleanup() {
  umount "$rootfs/proc" 2>/dev/null || true
  rm -rf "$rootfs" "$rootfs.log"
}
trap cleanup EXIT
debootstrap --variant=minbase --include=ca-certificates "$suite" "$rootfs" "$mirror" >"$rootfs.log" 2>&1 ||
  { tail -n 20 "$rootfs.log" >&2; exit 1; }
cp /etc/resolv.conf "$rootfs/etc/resolv.conf" 2>/dev/null || true
for setting in /etc/apt/apt.conf.d/*proxy*; do
  if [ -f "$setting" ]; then cp "$setting" "$rootfs/etc/apt/apt.conf.d/"; fi
done
mount -t proc proc "$rootfs/proc" # the runtime's own set-up runs java
chroot "$rootfs" apt-get install -y --no-install-recommends openjdk-17-jre-headless >"$rootfs.log" 2>&1 ||
  { tail -n 20 "$rootfs.log" >&2; exit 1; }
umount "$rootfs/proc"
rm -rf "$rootfs"/var/cache/apt/archives/*.deb
tar -C "$rootfs" -c --exclude='./proc/*' --exclude='./sys/*' --exclude='./dev/*' . |
  docker import - "$image" >/dev/null
echo "built $image"
