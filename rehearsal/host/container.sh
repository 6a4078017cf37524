#!/bin/sh
# Runs one guest. Started in mount, PID and network namespaces of its own (container.ts), so that every mount,
# process and link of the guest is gone the moment this process is, whatever ended it.
#
# usage: container.sh WORK SETTINGS LOWER ADDRESS NAME
#   WORK     an empty folder to build the guest's root in
#   SETTINGS a folder with the guest's own files
#   LOWER    overlayfs lowerdir list, the topmost layer first
#   ADDRESS  the guest's address with prefix length
#   NAME     the guest's host name
set -eu
work=$1 settings=$2 lower=$3 address=$4 name=$5

# What the guest writes lives in memory: fast, and an overlay upper layer may not itself be on an overlay.
mount -t tmpfs -o mode=0755,size=4g guest "$work"
mkdir "$work/upper" "$work/work" "$work/root"
# The guest's own files are copied, not laid under: a folder of a lower layer changes its inode number when it is
# first written to, and OpenClaw takes that, rightly, for somebody else's hand in its service files.
cp -a "$settings/." "$work/upper/"
mount -t overlay -o "lowerdir=$lower,upperdir=$work/upper,workdir=$work/work" overlay "$work/root"

# systemd-nspawn keeps its sockets and locks under /run/systemd: the machine's own stays untouched.
mkdir -p /run/systemd
mount -t tmpfs -o mode=0755 none /run/systemd

echo namespaces-ready
read -r _ # until the cable is plugged in

ip link set lo up
ip address add "$address" dev eth0
ip link set eth0 up

# A reboot inside the guest ends nspawn with 133 (its own convention): start it again.
while :; do
  code=0
  systemd-nspawn --quiet --boot --directory="$work/root" --machine="$name" \
    --keep-unit --register=no --network-namespace-path=/proc/self/ns/net \
    --capability=CAP_NET_ADMIN,CAP_NET_RAW \
    --resolv-conf=off --timezone=off --link-journal=no --console=pipe </dev/null || code=$?
  [ "$code" = 133 ] || exit "$code"
done
