# shellcheck shell=sh disable=SC2154,SC2034 # lib.sh sets setting_…; the other connector-….sh use what seems unused
# cloudflared on the Pi: the package from Cloudflare's signed apt repository and one hardened unit for the stack.
# Runs as root. create may be repeated at any time; delete removes what create made, and all that a cut create left.
#
# Settings: stack; for create also tunnel_token (secret), version (exact, or "any") and upgrades (hold, apt or unattended).
# Answer: {"cloudflared":"VERSION","unit":"NAME"}

ledger=/var/lib/openclaw-gateway
secrets=/etc/openclaw-gateway
first_metrics_port=20300

create() {
  read_settings stack tunnel_token version upgrades
  one_at_a_time
  unit=cloudflared-$setting_stack.service
  refuse_unit_of_another
  mkdir -p "$ledger/$setting_stack" "$secrets/$setting_stack"
  chmod 700 "$ledger" "$secrets" "$ledger/$setting_stack" "$secrets/$setting_stack"

  changed=no
  ensure_package
  set_upgrades
  printf '%s' "$setting_tunnel_token" | write_file "$secrets/$setting_stack/tunnel-token" 0600 && changed=yes
  unit_text | write_file "/etc/systemd/system/$unit" 0644 && changed=yes
  start_unit
  printf '{"cloudflared":"%s","unit":"%s"}\n' "$(installed_version)" "$unit"
}

delete() {
  read_settings stack
  one_at_a_time
  unit=cloudflared-$setting_stack.service
  # SIGTERM lets open WebSockets end for up to 30 s; when this returns, the tunnel has no connection left and can
  # be deleted.
  if is_of_another; then
    say "leaving $unit, which this program did not make"
  elif [ -e "/etc/systemd/system/$unit" ] || systemctl is-active -q "$unit"; then
    say "stopping $unit"
    systemctl disable -q --now "$unit" || systemctl stop "$unit" || true
    systemctl kill -s KILL "$unit" 2>/dev/null || true
    rm -f "/etc/systemd/system/$unit"
  fi
  systemctl daemon-reload
  systemctl reset-failed "$unit" 2>/dev/null || true
  rm -rf "${secrets:?}/$setting_stack" "${ledger:?}/$setting_stack"
  rmdir "$secrets" 2>/dev/null || true
  apply_upgrades
  remove_package_when_last
  printf '{}\n'
}

# A tunnel that runs for something else is not touched, whatever its unit is called.
is_of_another() {
  [ -e "/etc/systemd/system/$unit" ] && ! grep -q "OpenClaw gateway \"$setting_stack\"" "/etc/systemd/system/$unit"
}
refuse_unit_of_another() {
  if is_of_another; then
    fail CLOUDFLARED_UNIT_TAKEN "the Pi has a $unit that this program did not make" \
      "give this stack another name: npx pulumi stack rename NAME; or that unit, on the Pi"
  fi
}

# --- the unit ---

# A port of its own for each stack, kept once chosen, unless another program has taken it since.
metrics_port() {
  file=$ledger/$setting_stack/metrics-port
  if [ ! -s "$file" ] || { ! systemctl is-active -q "$unit" && [ -n "$(ss -Hltn "sport = :$(cat "$file")")" ]; }; then
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

# Type=notify: systemctl returns when the tunnel is connected, or when it could not be. What Cloudflare has refused will
# not come right by waiting, so the journal is read meanwhile.
start_unit() {
  systemctl daemon-reload
  systemctl enable -q "$unit"
  if [ "$changed" = no ] && systemctl is-active -q "$unit"; then return; fi
  say "starting $unit"
  since=$(date '+%Y-%m-%d %H:%M:%S')
  systemctl restart "$unit" &
  starting=$!
  refused=0
  while kill -0 "$starting" 2>/dev/null; do
    if said_since | grep -q 'Unauthorized:'; then refused=$((refused + 1)); fi
    # Ten seconds, in case a tunnel made a moment ago is not yet known everywhere (a guess). Then the unit is stopped: it
    # would be started again for ever, and refused. It stays enabled, for a boot after the token came right.
    if [ "$refused" -ge 20 ]; then systemctl stop "$unit" || true; break; fi
    sleep 0.5
  done
  if wait "$starting" && systemctl is-active -q "$unit"; then return; fi
  explain_start
}

said_since() { journalctl -q --no-pager -o cat -u "$unit" --since "$since"; }

# Why cloudflared did not connect, by its own words, which come first.
explain_start() {
  words=$(said_since | grep -v '^$' || true)
  printf '%s\n' "$words" | tail -n 12 >&2
  see="see it again with: sudo journalctl -u $unit"
  what="$unit did not connect to Cloudflare"
  case $words in
  *Unauthorized:*)
    fail TUNNEL_TOKEN_REFUSED "$what, which does not take the tunnel's token; its last lines are above" \
      "the tunnel was deleted, or its token was rotated: npx pulumi refresh, then npx pulumi up; $see" ;;
  *'address already in use'*)
    fail TUNNEL_NOT_CONNECTED "$what: another program has taken its metrics port just now" "run npx pulumi up again; $see" ;;
  *'no such host'* | *'server misbehaving'* | *'Temporary failure in name resolution'* | *'lookup '*)
    fail TUNNEL_NOT_CONNECTED "$what: the Pi finds no addresses of it" "see the Pi's DNS, with: getent hosts region1.v2.argotunnel.com; $see" ;;
  *'certificate has expired or is not yet valid'*)
    fail TUNNEL_NOT_CONNECTED "$what: by the Pi's clock its certificate is not valid" "set the clock: sudo timedatectl set-ntp true; $see" ;;
  *'failed to dial to edge with quic'* | *'timeout: no recent network activity'*)
    fail TUNNEL_NOT_CONNECTED "$what: nothing came back over QUIC" "let UDP port 7844 out, in the router and in the Pi's firewall; $see" ;;
  esac
  fail TUNNEL_NOT_CONNECTED "$what; its last lines are above" \
    "the usual reasons: UDP 7844 outbound is blocked, no DNS, a wrong clock; $see"
}

"$1"
