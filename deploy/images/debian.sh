# Sourced by the scripts beside it: makes an image of Debian packages where no registry can be reached.
# Needs root, debootstrap and a Docker engine. Packages come from the mirror that this machine's apt is set up with.
set -eu

exists() {
  if docker image inspect "$1" >/dev/null 2>&1; then
    echo "$1 is there already"
    exit 0
  fi
}

rootfs=$(mktemp -d)
cleanup() {
  umount "$rootfs/proc" 2>/dev/null || true
  rm -rf "$rootfs" "$rootfs.log"
}
trap cleanup EXIT

quietly() {
  "$@" >"$rootfs.log" 2>&1 || { tail -n 20 "$rootfs.log" >&2; exit 1; }
}

# bootstrap <suite>: a minimal Debian in $rootfs that can reach this machine's mirror
bootstrap() {
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
  quietly debootstrap --variant=minbase --include=ca-certificates "$1" "$rootfs" "$mirror"
  cp /etc/resolv.conf "$rootfs/etc/resolv.conf" 2>/dev/null || true
  for setting in /etc/apt/apt.conf.d/*proxy*; do
    if [ -f "$setting" ]; then cp "$setting" "$rootfs/etc/apt/apt.conf.d/"; fi
  done
}

# packages <name>...: installs them in $rootfs
packages() {
  mount -t proc proc "$rootfs/proc" # some packages run what they install
  quietly chroot "$rootfs" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
  umount "$rootfs/proc"
  rm -rf "$rootfs"/var/cache/apt/archives/*.deb
}

# import <image> <docker import options>...
import() {
  image=$1
  shift
  tar -C "$rootfs" -c --exclude='./proc/*' --exclude='./sys/*' --exclude='./dev/*' . |
    docker import "$@" - "$image" >/dev/null
  echo "built $image"
}
