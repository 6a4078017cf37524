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
  one_at_a_time
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
  one_at_a_time
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

# A step whose connection broke runs on here while it is already being repeated: the second waits for the first. The lock
# is on a folder that is there anyway, and goes with the process.
one_at_a_time() {
  exec 9</etc/systemd/system
  flock -w 600 9 || fail PI_STEP_RUNNING "an earlier step of this program has not ended on the Pi within 10 minutes" \
    "see what it waits for, on the Pi: ps -ef --forest; restart the Pi if need be, then run npx pulumi up again"
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
    refuse_old "cloudflared $(installed_version) is installed, and Workers VPC needs $oldest_version or later"
  fi
  say "installing cloudflared from $repository"
  : >"$ledger/installed"
  download "$repository/cloudflare-main.gpg" "$keyring"
  printf 'deb [signed-by=%s] %s/cloudflared any main\n' "$keyring" "$repository" | write_file "$source_list" 0644 || true
  # By itself apt-get update takes a list that cannot be fetched for no error.
  apt_get update -o Dir::Etc::sourcelist="$source_list" -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0 \
    -o APT::Update::Error-Mode=any
  apt_get install --no-install-recommends cloudflared
  new_enough || refuse_old "the repository gave cloudflared $(installed_version), and $oldest_version or later is needed"
}

# refuse_old WHAT: with the way to a newer one, which depends on how the old one came.
refuse_old() {
  path=$(readlink -f "$(command -v cloudflared)")
  if apt-mark showhold 2>/dev/null | grep -qx cloudflared; then
    fail CLOUDFLARED_HELD "$1; apt is told to hold it at that version" \
      "let it go, on the Pi: sudo apt-mark unhold cloudflared && sudo apt-get install --only-upgrade cloudflared"
  fi
  if dpkg-query -S "$path" >/dev/null 2>&1; then
    fail CLOUDFLARED_TOO_OLD "$1" \
      "on the Pi: sudo apt-get update && sudo apt-get install --only-upgrade cloudflared; where its packages come from: apt-cache policy cloudflared"
  fi
  fail CLOUDFLARED_TOO_OLD "$1; $path did not come as a package" \
    "on the Pi: sudo cloudflared update, or take it away (sudo rm $path) and this program installs the package"
}

# download URL FILE
download() {
  body=$(mktemp)
  words=$(curl -fsSL --connect-timeout 15 --max-time 60 --retry 2 -o "$body" "$1" 2>&1) || {
    rm -f "$body"
    case $words in
    *'resolve host'*) why="the Pi finds no address for it: see its DNS, with: getent hosts ${repository#https://}" ;;
    *certificate*) why="its certificate is not trusted: is the Pi's clock right (timedatectl)? does something in between open TLS?" ;;
    *) why="check the Pi's way to the internet: curl -I $1" ;;
    esac
    fail DOWNLOAD_FAILED "could not download $1 ($(printf '%s' "$words" | tail -n 1))" "$why"
  }
  write_file "$2" 0644 <"$body" || true
  rm -f "$body"
}

# apt and dpkg have a lock each, and only one of them is waited for by DPkg::Lock::Timeout: so neither is left to it.
apt_patience_seconds=300

# apt_get ACTION OPTION...: waits while another program of the Pi (such as its nightly upgrade) holds the locks.
apt_get() {
  action=$1
  shift
  log=$(mktemp)
  waited=0
  until DEBIAN_FRONTEND=noninteractive apt-get "$action" -q -y -o DPkg::Lock::Timeout=0 "$@" >"$log" 2>&1; do
    # apt's words: "Could not get lock FILE. It is held by process 1234 (unattended-upgr)".
    holder=$(sed -n 's/.*held by process \([0-9]* ([^)]*)\).*/process \1/p' "$log" | head -n 1)
    if ! grep -q 'Could not get lock' "$log"; then explain_apt; fi
    if [ "$waited" -ge "$apt_patience_seconds" ]; then
      rm -f "$log"
      fail APT_LOCKED "another program installs packages on the Pi and did not end within $apt_patience_seconds s: ${holder:-it does not say which}" \
        "let it end (on the Pi: ps -fp NUMBER shows it), then run npx pulumi up again"
    fi
    if [ "$waited" = 0 ]; then say "waiting for another installation on the Pi to end (${holder:-unknown})"; fi
    sleep 3
    waited=$((waited + 3))
  done
  rm -f "$log"
}

# Why apt-get failed, by its own words in $log, which come first.
explain_apt() {
  words=$(cat "$log")
  tail -n 15 "$log" >&2
  rm -f "$log"
  again="then run npx pulumi up again"
  case $words in
  *'dpkg was interrupted'* | *'fix-broken install'* | *'Unmet dependencies'* | *'unmet dependencies'* | *'Sub-process /usr/bin/dpkg returned an error'*)
    fail DPKG_BROKEN "the Pi's packages are in a state that nothing can be installed in, as after a power cut" \
      "on the Pi: sudo dpkg --configure -a && sudo apt-get -f install, $again" ;;
  *'No space left'* | *'enough free space'*)
    fail PI_NO_SPACE "there is no room for the package" "make room on the Pi, for example: sudo apt-get clean; df -h tells what is full; $again" ;;
  *'not signed'* | *NO_PUBKEY* | *'Missing key'* | *EXPKEYSIG* | *BADSIG* | *'signatures were invalid'* | *"couldn't be verified"*)
    fail REPOSITORY_UNSIGNED "apt does not trust $repository: what came is not signed by the key that came from there" \
      "nothing was installed. Is something between the Pi and the internet (a filter, a proxy)? is the clock right (timedatectl)? $again" ;;
  *'Could not resolve'* | *'Could not connect'* | *'Unable to connect'* | *'Connection timed out'* | *'Connection failed'* | *'Failed to fetch'*)
    fail DOWNLOAD_FAILED "apt could not fetch from $repository; its words are above" \
      "check the Pi's way to the internet: curl -I $repository/cloudflare-main.gpg; $again" ;;
  *'held packages'* | *'were held'*)
    fail CLOUDFLARED_HELD "apt is told to hold cloudflared" "let it go, on the Pi: sudo apt-mark unhold cloudflared; $again" ;;
  esac
  fail APT_FAILED "apt-get $action did not succeed" "its last lines are above; mend that on the Pi, $again"
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
