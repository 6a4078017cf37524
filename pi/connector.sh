# shellcheck shell=sh disable=SC2154 # lib.sh sets setting_…
# cloudflared on the Pi: the package from Cloudflare's signed apt repository and one hardened unit for the stack.
# Runs as root. create may be repeated at any time; delete removes what create made, and all that a cut create left.
#
# Settings: stack; for create also tunnel_token (secret).
# Answer: {"cloudflared":"VERSION","unit":"NAME"}

repository=https://pkg.cloudflare.com
keyring=/usr/share/keyrings/cloudflare-main.gpg
source_list=/etc/apt/sources.list.d/cloudflared.list
# Workers VPC needs it: https://developers.cloudflare.com/workers-vpc/configuration/tunnel/
oldest_version=2025.7.0
ledger=/var/lib/openclaw-gateway
secrets=/etc/openclaw-gateway
first_metrics_port=20300

create() {
  read_settings stack tunnel_token
  unit=cloudflared-$setting_stack.service
  mkdir -p "$ledger/$setting_stack" "$secrets/$setting_stack"
  chmod 700 "$ledger" "$secrets" "$ledger/$setting_stack" "$secrets/$setting_stack"

  ensure_package
  changed=no
  printf '%s' "$setting_tunnel_token" | write_file "$secrets/$setting_stack/tunnel-token" 0600 && changed=yes
  unit_text | write_file "/etc/systemd/system/$unit" 0644 && changed=yes
  start_unit
  printf '{"cloudflared":"%s","unit":"%s"}\n' "$(installed_version)" "$unit"
}

delete() {
  read_settings stack
  unit=cloudflared-$setting_stack.service
  # SIGTERM lets open WebSockets end for up to 30 s; when this returns, the tunnel has no connection left and can
  # be deleted.
  if [ -e "/etc/systemd/system/$unit" ] || systemctl is-active -q "$unit"; then
    say "stopping $unit"
    systemctl disable -q --now "$unit" || systemctl stop "$unit" || true
    systemctl kill -s KILL "$unit" 2>/dev/null || true
  fi
  rm -f "/etc/systemd/system/$unit"
  systemctl daemon-reload
  systemctl reset-failed "$unit" 2>/dev/null || true
  rm -rf "${secrets:?}/$setting_stack" "${ledger:?}/$setting_stack"
  rmdir "$secrets" 2>/dev/null || true
  remove_package_when_last
  printf '{}\n'
}

# --- the package ---

installed_version() {
  cloudflared --version 2>/dev/null | sed -n 's/^cloudflared version \([0-9.]*\).*/\1/p'
}

new_enough() {
  version=$(installed_version)
  [ -n "$version" ] && [ "$(printf '%s\n%s\n' "$oldest_version" "$version" | sort -V | head -n 1)" = "$oldest_version" ]
}

# The marker names what this program put on the Pi. It is written before the first file, so that delete knows of a
# half-finished installation too.
ensure_package() {
  if new_enough; then return; fi
  if command -v cloudflared >/dev/null && [ ! -e "$ledger/installed" ]; then
    fail CLOUDFLARED_TOO_OLD "cloudflared $(installed_version) is installed, and Workers VPC needs $oldest_version or later" \
      "upgrade it the way it was installed, then run npx pulumi up again"
  fi
  say "installing cloudflared from $repository"
  : >"$ledger/installed"
  download "$repository/cloudflare-main.gpg" "$keyring"
  printf 'deb [signed-by=%s] %s/cloudflared any main\n' "$keyring" "$repository" | write_file "$source_list" 0644 || true
  apt_get update -o Dir::Etc::sourcelist="$source_list" -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0
  apt_get install --no-install-recommends cloudflared
  new_enough || fail CLOUDFLARED_TOO_OLD "the repository gave cloudflared $(installed_version), and $oldest_version or later is needed" \
    "look at what holds it back: apt-cache policy cloudflared"
}

# download URL FILE
download() {
  body=$(mktemp)
  curl -fsSL --max-time 60 --retry 2 -o "$body" "$1" || {
    rm -f "$body"
    fail DOWNLOAD_FAILED "could not download $1" "check the Pi's way to the internet: curl -I $1"
  }
  write_file "$2" 0644 <"$body" || true
  rm -f "$body"
}

apt_get() {
  action=$1
  shift
  log=$(mktemp)
  DEBIAN_FRONTEND=noninteractive apt-get "$action" -q -y -o DPkg::Lock::Timeout=120 "$@" >"$log" 2>&1 || {
    tail -n 15 "$log" >&2
    rm -f "$log"
    fail APT_FAILED "apt-get $action did not succeed" "its last lines are above; mend that on the Pi, then run npx pulumi up again"
  }
  rm -f "$log"
}

remove_package_when_last() {
  if [ -n "$(find "$ledger" -mindepth 1 -maxdepth 1 -type d 2>/dev/null)" ]; then return; fi
  if [ -e "$ledger/installed" ]; then
    say "removing cloudflared, which this program had installed"
    if dpkg-query -W cloudflared >/dev/null 2>&1; then apt_get purge cloudflared; fi
    rm -f "$source_list" "$keyring" /var/lib/apt/lists/pkg.cloudflare.com_*
    # The package leaves it empty when it is purged.
    rmdir /usr/local/etc/cloudflared 2>/dev/null || true
    rm -f "$ledger/installed"
  fi
  rmdir "$ledger" 2>/dev/null || true
}

# --- the unit ---

# A port of its own for each stack, kept once chosen.
metrics_port() {
  file=$ledger/$setting_stack/metrics-port
  if [ ! -s "$file" ]; then
    port=$first_metrics_port
    while grep -qx "$port" "$ledger"/*/metrics-port 2>/dev/null || [ -n "$(ss -Hltn "sport = :$port")" ]; do
      port=$((port + 1))
    done
    printf '%s\n' "$port" | write_file "$file" 0600 || true
  fi
  cat "$file"
}

unit_text() {
  cat <<UNIT
[Unit]
Description=Cloudflare tunnel of the OpenClaw gateway "$setting_stack"
Documentation=https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/
Wants=network-online.target
After=network-online.target
# Without DNS or a route cloudflared exits at once: it is started again for ever, so that a boot before the
# router is up ends well.
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart=$(readlink -f "$(command -v cloudflared)") tunnel --no-autoupdate --protocol quic --metrics 127.0.0.1:$(metrics_port) --management-diagnostics=false run --token-file %d/token
LoadCredential=token:$secrets/$setting_stack/tunnel-token
Restart=always
RestartSec=5
TimeoutStartSec=60
# cloudflared waits up to 30 s for open streams.
TimeoutStopSec=40

DynamicUser=yes
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
PrivateDevices=yes
PrivateTmp=yes
PrivateUsers=yes
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
UMask=0077

[Install]
WantedBy=multi-user.target
UNIT
}

# Type=notify: systemctl returns when the tunnel is connected, or when it could not be.
start_unit() {
  systemctl daemon-reload
  systemctl enable -q "$unit"
  if [ "$changed" = no ] && systemctl is-active -q "$unit"; then return; fi
  say "starting $unit"
  since=$(date '+%Y-%m-%d %H:%M:%S')
  systemctl restart "$unit" || {
    journalctl -q --no-pager -o cat -u "$unit" --since "$since" | grep -v '^$' | tail -n 12 >&2 || true
    fail TUNNEL_NOT_CONNECTED "$unit did not connect to Cloudflare; its last lines are above" \
      "the usual reasons: UDP 7844 outbound is blocked, no DNS, a wrong clock; see it again with: sudo journalctl -u $unit"
  }
}

"$1"
