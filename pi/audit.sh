# shellcheck shell=sh disable=SC2154 # lib.sh sets setting_…
# The audit trail on the Pi: a service of the stack's own which a timer starts, the file it writes, and its rotation.
# Runs as root. create may be repeated at any time; delete removes what create made, and all that a cut create left.
#
# Settings: stack, user (whose OpenClaw it is), openclaw_port, openclaw_profile (may be empty), path (of the file), keep (yes or no: the file after delete),
# runner (audit-run.sh in base64), program (audit.mjs in base64). Answer: {"audit":"PATH"}

read_settings stack user openclaw_port 'openclaw_profile?' path keep runner program

name=openclaw-gateway-audit-$setting_stack
unit=/etc/systemd/system/$name
programs=/usr/local/lib/openclaw-gateway
tmpfiles=/etc/tmpfiles.d/$name.conf

create() {
  one_at_a_time
  old_path=$(path_in "$tmpfiles")
  if [ -n "$old_path" ] && [ "$old_path" != "$setting_path" ]; then
    say "the audit trail goes on in $setting_path; $old_path is kept"
    rm -f "$tmpfiles"
    let_go "$old_path"
  fi
  (umask 022 && mkdir -p "$programs" "$(dirname "$setting_path")")
  changed=no
  printf '%s' "$setting_runner" | base64 -d | write_file "$programs/audit-$setting_stack.sh" 0644 && changed=yes
  printf '%s' "$setting_program" | base64 -d | write_file "$programs/audit-$setting_stack.mjs" 0644 && changed=yes
  # As each boot and each run of the service find it: the file is there, root's, and can be appended to alone. That
  # attribute is the kernel's promise, which no writer gets around; where the file system has none, nothing is said.
  printf 'f %s 0640 root adm -\nh %s - - - - +a\n' "$setting_path" "$setting_path" | write_file "$tmpfiles" 0644 && changed=yes
  rotation_text | write_file "$(rotation_file "$setting_path")" 0644 || true
  service_text | write_file "$unit.service" 0644 && changed=yes
  timer_text | write_file "$unit.timer" 0644 && changed=yes
  systemd-tmpfiles --create "$tmpfiles"
  systemctl daemon-reload
  systemctl enable -q --now "$name.timer"
  if [ "$changed" = yes ]; then
    say "starting $name.timer, which writes $setting_path"
    systemctl start "$name.service" || fail AUDIT_NOT_WRITTEN "the audit trail's service did not do its work" \
      "see why, on the Pi: sudo journalctl -n 20 -u $name; then run npx pulumi up again"
  fi
  if ! command -v logrotate >/dev/null; then
    say "note: this Pi has no logrotate, so $setting_path only grows; on the Pi: sudo apt-get install logrotate"
  fi
  printf '{"audit":"%s"}\n' "$setting_path"
}

delete() {
  one_at_a_time
  path=$(path_in "$tmpfiles")
  path=${path:-$setting_path}
  if [ -e "$unit.timer" ] || [ -e "$unit.service" ]; then
    systemctl disable -q --now "$name.timer" 2>/dev/null || true
    # What has happened until now, the connector's end included where it came first.
    timeout 60 systemctl start "$name.service" 2>/dev/null || true
    systemctl stop "$name.service" 2>/dev/null || true
  fi
  rm -f "$unit.service" "$unit.timer" "$tmpfiles" "$programs/audit-$setting_stack.sh" "$programs/audit-$setting_stack.mjs"
  rm -rf "/var/lib/${name:?}"
  rmdir "$programs" 2>/dev/null || true
  systemctl daemon-reload
  systemctl reset-failed "$name.service" 2>/dev/null || true
  let_go "$path"
  if [ "$setting_keep" = no ] && ! in_use "$path"; then
    rm -f "$path" "$path".[0-9]*
    remove_folders "$(dirname "$path")"
  elif [ -e "$path" ]; then
    say "the audit trail is kept: $path"
  else
    remove_folders "$(dirname "$path")"
  fi
  printf '{}\n'
}

# The file that a stack's trail is written to, by what create has left.
path_in() { sed -n 's/^f \([^ ]*\) .*/\1/p' "$1" 2>/dev/null || true; }

# Whether a stack writes to this file: one file may be several stacks' own.
in_use() { grep -qsF "f $1 " /etc/tmpfiles.d/openclaw-gateway-audit-*.conf; }

# One for each file, not for each stack: logrotate takes no file twice. A path has no underscore.
rotation_file() { printf '/etc/logrotate.d/openclaw-gateway%s' "$(printf '%s' "${1#/var/log}" | tr / _)"; }

# Makes a file that no stack writes to a plain one.
let_go() {
  if in_use "$1"; then return; fi
  rm -f "$(rotation_file "$1")"
  if [ -e "$1" ]; then printf 'h %s - - - - -a\n' "$1" | systemd-tmpfiles --create -; fi
}

# The folders that create may have made, as far as nothing is in them.
remove_folders() {
  folder=$1
  while [ "$folder" != /var/log ] && rmdir "$folder" 2>/dev/null; do folder=$(dirname "$folder"); done
}

# A file that can only be appended to cannot be renamed either.
rotation_text() {
  cat <<ROTATION
$setting_path {
    su root adm
    weekly
    rotate 12
    compress
    delaycompress
    missingok
    notifempty
    create 0640 root adm
    sharedscripts
    prerotate
        printf 'h %s - - - - -a\n' $setting_path | systemd-tmpfiles --create -
    endscript
    postrotate
        printf 'h %s - - - - +a\n' $setting_path | systemd-tmpfiles --create -
    endscript
}
ROTATION
}

# Each run costs seconds of a Pi's time, which is OpenClaw's command; ledger and journal keep what happens in between.
timer_text() {
  cat <<TIMER
[Unit]
Description=Audit trail of the OpenClaw gateway "$setting_stack", every five minutes

[Timer]
OnBootSec=1min
OnUnitInactiveSec=5min

[Install]
WantedBy=timers.target
TIMER
}

service_text() {
  cat <<UNIT
[Unit]
Description=Audit trail of the OpenClaw gateway "$setting_stack"
# A start by hand, or by destroy, is never one too many.
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStartPre=+systemd-tmpfiles --create $tmpfiles
ExecStart=/bin/sh $programs/audit-$setting_stack.sh $setting_stack $setting_path $setting_openclaw_port${setting_openclaw_profile:+ $setting_openclaw_profile}
# Opened by systemd as root: the service's own user may read the file (group adm) and not open it to write.
StandardOutput=append:$setting_path
StandardError=journal
TimeoutStartSec=300
User=$setting_user
# adm reads the journal too.
SupplementaryGroups=adm
StateDirectory=$name
StateDirectoryMode=0700
Nice=10
IOSchedulingClass=idle

CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
LockPersonality=yes
PrivateDevices=yes
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
# OpenClaw, its Node and its config may be in the user's home.
ProtectHome=read-only
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
RemoveIPC=yes
# OpenClaw on loopback, and the user's systemd.
IPAddressDeny=any
IPAddressAllow=localhost
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources truncate ftruncate
SystemCallErrorNumber=EPERM
UMask=0077
UNIT
}

"$1"
