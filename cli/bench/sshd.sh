#!/bin/sh
# Runs Debian's sshd out of a tree that others use too and that stays as it is: in a mount namespace of its own
# (unshare(1)), in which this is the first process.
#
# usage: sshd.sh TREE FOLDER
#   TREE   a Debian with openssh-server
#   FOLDER has sshd_config and what that names, by /run/pi/…
set -eu
tree=$1 folder=$2

mount --bind "$tree" "$tree"
mount -o remount,bind,ro "$tree"
mount --rbind /dev "$tree/dev"
mount -t tmpfs -o mode=0755 none "$tree/run"
mkdir "$tree/run/sshd" "$tree/run/pi"
mount --bind "$folder" "$tree/run/pi"
# No end of this process leaves sshd behind: it is the same one.
exec chroot "$tree" /usr/sbin/sshd -D -e -f /run/pi/sshd_config
