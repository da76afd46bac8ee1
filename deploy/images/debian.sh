# Sourced by the scripts beside it: makes images of Debian packages where no registry can be reached.
# Needs root, debootstrap and a Docker engine. Packages come from the mirror that this machine's apt is set up with.
set -eu

suite=${suite:-trixie}
base=varve-test/debian:$suite

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

# bootstrap: a minimal Debian in $rootfs that can reach this machine's mirror; bootstrapped once, kept as an image
bootstrap() {
  if docker image inspect "$base" >/dev/null 2>&1; then
    container=$(docker create "$base" sh)
    docker export "$container" | tar -x -C "$rootfs"
    docker rm "$container" >/dev/null
    rm -f "$rootfs/dev/null" "$rootfs/dev/zero" "$rootfs/dev/urandom" # an image has none
    mknod -m 666 "$rootfs/dev/null" c 1 3
    mknod -m 666 "$rootfs/dev/zero" c 1 5
    mknod -m 666 "$rootfs/dev/urandom" c 1 9
  else
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
    # by the script of sid, which those of all releases since 2018 are: an older debootstrap does not know newer names
    quietly debootstrap --variant=minbase --include=ca-certificates "$suite" "$rootfs" "$mirror" /usr/share/debootstrap/scripts/sid
    slim
    import "$base"
  fi
  cp /etc/resolv.conf "$rootfs/etc/resolv.conf" 2>/dev/null || true
  for setting in /etc/apt/apt.conf.d/*proxy*; do
    if [ -f "$setting" ]; then cp "$setting" "$rootfs/etc/apt/apt.conf.d/"; fi
  done
}

# packages <name>...: installs them in $rootfs
packages() {
  mount -t proc proc "$rootfs/proc" # some packages run what they install
  # a mirror that lags behind is good enough; what it has is signed all the same
  quietly chroot "$rootfs" apt-get -o Acquire::Check-Valid-Until=false update
  quietly chroot "$rootfs" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
  umount "$rootfs/proc"
  slim
}

# slim: what no container needs, as the public "slim" images leave it out
slim() {
  # the directories stay: packages put links into them
  find "$rootfs/usr/share/doc" "$rootfs/usr/share/man" "$rootfs/usr/share/info" "$rootfs/usr/share/locale" \
    "$rootfs/var/cache/apt" "$rootfs/var/lib/apt/lists" "$rootfs/var/log" ! -type d -delete
}

# import <image> <docker import options>...
import() {
  image=$1
  shift
  tar -C "$rootfs" -c --exclude='./proc/*' --exclude='./sys/*' --exclude='./dev/*' . |
    docker import "$@" - "$image" >/dev/null
  echo "built $image"
}
