# shellcheck shell=sh disable=SC2154 # lib.sh sets setting_…
# The firewall option: one nftables table of this program's own; every other table stays as it is. Runs as root.
#
# One table for the machine, and not one a stack: what one table drops, no other can let in (nft(8), "accept"), so it is
# made of what all stacks on the machine want.
#
#   try       puts the rules in force, with a timer that takes them back
#   confirm   called over a new SSH connection: stops the timer, and saves the rules for the next boot
#   create    is content where the rules were confirmed
#   delete    takes this stack's part away, and with the last stack everything
#
# Settings: stack; ssh_from ("anywhere", or addresses and networks with a blank between); https (yes or no);
# watch_seconds, back_after_seconds.
# Answer: of try {"seen_as":"ADDRESS"}, where this machine sees the other end of the connection; of the others {}

table=openclaw_gateway
home=/etc/openclaw-gateway-firewall
unit=openclaw-gateway-firewall.service
timer=openclaw-gateway-firewall-back
# A login without a session of its own may lack them.
PATH=$PATH:/usr/sbin:/sbin

try() {
  refuse_other_firewalls
  lock_when_no_other_is_tried
  mkdir -p "$home"
  chmod 700 "$home"
  seen=$(ssh_connection)
  { wanted && ports "$seen"; } | write_file "$home/$setting_stack.trial" 0600 || true
  rules "$setting_stack" | write_file "$home/rules.trial" 0600 || true
  words=$(nft -c -f "$home/rules.trial" 2>&1) || {
    put_back
    fail FIREWALL_FAILED "nftables does not take the rules: $(printf '%s' "$words" | head -n 3)" \
      "nothing was changed. Does the kernel have nftables with connection tracking? On the Pi: sudo modprobe nf_conntrack"
  }
  # First the way back, then the rules: cut in between, nothing has happened.
  systemd-run -q --collect --unit="$timer" --on-active="$((setting_back_after_seconds + setting_watch_seconds))" \
    --timer-property=AccuracySec=1s sh -c "exec 9</etc/systemd; flock 9; $put_back"
  watch_connections
  nft -f "$home/rules.trial"
  printf '{"seen_as":"%s"}\n' "${seen%% *}"
}

confirm() {
  lock
  if ! is_wanted "$home/$setting_stack.trial"; then create && return; fi
  stop_timer
  mv -f "$home/$setting_stack.trial" "$home/$setting_stack.wish"
  rm -f "$home/rules.trial"
  save_rules
  printf '{}\n'
}

create() {
  if ! is_wanted "$home/$setting_stack.wish" || ! systemctl is-active -q "$unit"; then
    fail FIREWALL_TAKEN_BACK "the firewall's rules were taken back, since no new SSH connection came in time to confirm them" \
      "run npx pulumi up again; for good: npx pulumi config set --path openclaw-gateway:firewall.enabled false"
  fi
  printf '{}\n'
}

delete() {
  lock
  if [ -e "$home/$setting_stack.trial" ]; then stop_timer; fi
  rm -f "$home/$setting_stack.trial" "$home/$setting_stack.wish" "$home/rules.trial"
  if [ -n "$(wishes '')" ]; then
    save_rules
  else
    if [ -e "/etc/systemd/system/$unit" ]; then systemctl disable -q --now "$unit" || true; fi
    rm -f "/etc/systemd/system/$unit"
    systemctl daemon-reload
    if nft list table inet "$table" >/dev/null 2>&1; then nft delete table inet "$table"; fi
    rm -rf "$home"
  fi
  printf '{}\n'
}

# A kernel tracks connections only where a rule asks for it. One that was open before, and in which the other end speaks
# first, would be taken for a new one and dropped: a tunnel, or a chat's long poll. So they are let speak once.
watch_connections() {
  if nft list table inet "$table" >/dev/null 2>&1; then return; fi
  say "watching for $setting_watch_seconds s which connections are open"
  nft "table inet $table { chain input { type filter hook input priority filter; ct state established accept; }; }"
  sleep "$setting_watch_seconds"
}

# --- the way back ---

# Text, since the timer's service runs it too: what was confirmed before, or nothing.
put_back="rm -f $home/*.trial
if [ -s $home/rules.nft ]; then nft -f $home/rules.nft; else nft delete table inet $table 2>/dev/null; rm -rf $home; fi"
put_back() { sh -c "$put_back"; }

# The service as well: it may have begun, and wait for the lock.
stop_timer() {
  systemctl stop "$timer.timer" "$timer.service" 2>/dev/null || true
  systemctl reset-failed "$timer.service" 2>/dev/null || true
}

# Not the lock of the other steps: one of them may wait for apt, and the way back must not. Goes with the process.
lock() {
  exec 9</etc/systemd
  flock -w 60 9 || fail PI_STEP_RUNNING "an earlier step of this program has not ended on the Pi" \
    "see what it waits for, on the Pi: ps -ef --forest; then run npx pulumi up again"
}

# Two trials at once could not be told apart by who gets in: another stack's is waited for, an earlier one of this
# stack, that was cut, is replaced.
lock_when_no_other_is_tried() {
  waited=0
  lock
  while systemctl is-active -q "$timer.timer" && [ ! -e "$home/$setting_stack.trial" ]; do
    exec 9<&-
    if [ "$waited" -ge 120 ]; then
      fail PI_STEP_RUNNING "another stack's firewall is being tried on the Pi for two minutes" "run npx pulumi up again"
    fi
    sleep 1
    waited=$((waited + 1))
    lock
  done
  stop_timer
}

# --- what is wanted ---

wanted() {
  for from in $setting_ssh_from; do printf 'from %s\n' "$from"; done
  printf 'https %s\n' "$setting_https"
}

# ports CONNECTION: where SSH is reached: at the port of this very connection, and at those of sshd's config.
ports() {
  {
    printf '%s\n' "${1##* }"
    sshd -T 2>/dev/null | sed -n 's/^port //p'
  } | grep -x '[0-9][0-9]*' | sort -un | sed 's/^/port /'
}

# is_wanted FILE
is_wanted() { [ -e "$1" ] && [ "$(grep -v '^port ' "$1")" = "$(wanted)" ]; }

# "CLIENT PORT SERVER PORT" of the SSH connection this runs in (sshd sets it, and sudo takes it out of the environment).
ssh_connection() {
  pid=$$
  while [ "${pid:-0}" -gt 1 ]; do
    found=$(tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | sed -n 's/^SSH_CONNECTION=//p')
    if [ -n "$found" ]; then
      printf '%s\n' "$found"
      return
    fi
    pid=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status")
  done
}

# wishes TRIED: the files that the table is made of; TRIED's is the one being tried.
wishes() {
  for file in "$home"/*.wish; do
    if [ -e "$file" ] && [ "$file" != "$home/$1.wish" ]; then printf '%s\n' "$file"; fi
  done
  if [ -n "$1" ]; then printf '%s\n' "$home/$1.trial"; fi
}

# Two firewalls on one machine: what either drops, the other cannot let in, and nobody finds out why.
refuse_other_firewalls() {
  if ! command -v nft >/dev/null; then
    fail FIREWALL_NO_NFT "the Pi has no nft, which sets the rules" "on the Pi: sudo apt-get install nftables"
  fi
  other=
  if grep -qix 'enabled=yes' /etc/ufw/ufw.conf 2>/dev/null; then other=ufw; fi
  if systemctl is-active -q firewalld; then other=firewalld; fi
  if [ -n "$other" ]; then
    fail FIREWALL_OTHER "$other is on: two firewalls drop each what the other lets in" \
      "keep it, and switch this one off: npx pulumi config set --path openclaw-gateway:firewall.enabled false
  or switch it off, on the Pi: $(if [ "$other" = ufw ]; then echo sudo ufw disable; else echo sudo systemctl disable --now firewalld; fi)"
  fi
}

# --- the table ---

# rules TRIED: a file for nft, which puts it in force in one transaction, whatever the table was before.
rules() {
  wishes=$(wishes "$1" | xargs cat)
  cat <<HEAD
# Made by openclaw-gateway of what its stacks on this machine want.
table inet $table
delete table inet $table
table inet $table {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		iifname "lo" accept
		# IPv6 does not work without neighbour discovery, nor multicast without IGMP where a switch listens to it.
		meta l4proto { icmp, ipv6-icmp, igmp } accept
		# What a DHCP server answers.
		udp sport 67 udp dport 68 accept
		ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept
		# The questions for raspberrypi.local (RFC 6762, 3), which go to the link only.
		ip daddr 224.0.0.251 udp dport 5353 accept
		ip6 daddr ff02::fb udp dport 5353 accept
HEAD
  dports="tcp dport { $(printf '%s\n' "$wishes" | sed -n 's/^port //p' | sort -un | paste -sd ,) }"
  if printf '%s\n' "$wishes" | grep -qx 'from anywhere'; then
    printf '\t\t%s accept\n' "$dports"
  else
    printf '%s\n' "$wishes" | sed -n 's/^from //p' | sort -u | while read -r from; do
      case $from in
      *:*) printf '\t\tip6 saddr %s %s accept\n' "$from" "$dports" ;;
      *) printf '\t\tip saddr %s %s accept\n' "$from" "$dports" ;;
      esac
    done
  fi
  if printf '%s\n' "$wishes" | grep -qx 'https yes'; then printf '\t\ttcp dport 443 accept\n'; fi
  printf '\t\tcounter drop\n\t}\n}\n'
}

# In force now and after each boot.
save_rules() {
  rules '' | write_file "$home/rules.nft" 0600 || true
  unit_text | write_file "/etc/systemd/system/$unit" 0644 || true
  systemctl daemon-reload
  systemctl enable -q "$unit"
  if systemctl is-active -q "$unit"; then systemctl reload "$unit"; else systemctl start "$unit"; fi
}

# Debian's nftables.service empties the whole ruleset when it starts and reloads (its /etc/nftables.conf begins with
# "flush ruleset"): this one comes after it, each time.
unit_text() {
  cat <<UNIT
[Unit]
Description=Firewall of the OpenClaw gateways on this machine
Documentation=man:nft(8)
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target
After=nftables.service
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service
ConditionFileIsExecutable=$(command -v nft)

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$(command -v nft) -f $home/rules.nft
ExecReload=$(command -v nft) -f $home/rules.nft
ExecStop=-$(command -v nft) delete table inet $table

[Install]
WantedBy=sysinit.target
UNIT
}

read_settings stack ssh_from https watch_seconds back_after_seconds
# A confirmation has seconds only, and changes no rule.
if [ "$1" != confirm ]; then one_at_a_time; fi
"$1"
