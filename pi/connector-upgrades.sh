# shellcheck shell=sh disable=SC2154 # lib.sh sets setting_…, connector.sh ledger, connector-package.sh repository
# How cloudflared's package is upgraded later.

upgrade_rules=/etc/apt/apt.conf.d/52openclaw-gateway-cloudflared

set_upgrades() {
  printf '%s\n' "$setting_upgrades" | write_file "$ledger/$setting_stack/upgrades" 0600 || true
  apply_upgrades
  if [ "$setting_upgrades" = unattended ] && ! command -v unattended-upgrade >/dev/null; then
    say "cloudflared is not upgraded by itself: the Pi has no unattended-upgrades; on the Pi: sudo apt-get install unattended-upgrades"
  elif [ "$setting_upgrades" = hold ] && [ ! -e "$ledger/installed" ]; then
    say "cloudflared is not held: it was on the Pi before, so its upgrades are left as they are"
  fi
}

# What the stacks on the Pi want together: a hold of one holds for all. Only of a package that this program installed.
apply_upgrades() {
  wishes=$(cat "$ledger"/*/upgrades 2>/dev/null || true)
  if [ -e "$ledger/installed" ] && printf '%s\n' "$wishes" | grep -qx hold; then
    : >"$ledger/held"
    apt-mark hold cloudflared >/dev/null
  elif [ -e "$ledger/held" ]; then
    apt-mark unhold cloudflared >/dev/null || true
    rm -f "$ledger/held"
  fi
  if printf '%s\n' "$wishes" | grep -qx unattended && command -v unattended-upgrade >/dev/null; then
    restart_script | write_file "$ledger/restart-upgraded" 0700 || true
    upgrade_rules_text | write_file "$upgrade_rules" 0644 || true
  else
    rm -f "$upgrade_rules" "$ledger/restart-upgraded"
  fi
}

# The repository's Release file says "Origin: cloudflared".
upgrade_rules_text() {
  cat <<CONF
// Made by openclaw-gateway: unattended-upgrades may renew cloudflared, and the connectors then start anew.
Unattended-Upgrade::Origins-Pattern:: "origin=cloudflared,site=${repository#https://}";
DPkg::Post-Invoke:: "[ ! -x $ledger/restart-upgraded ] || $ledger/restart-upgraded || true";
CONF
}

# The package's postinst restarts nothing (cloudflared's postinst.sh), so that the old program would run on until the
# next restart. Streams that are open have 30 s to end.
restart_script() {
  cat <<'SCRIPT'
#!/bin/sh
program=$(stat -L -c %Z /usr/bin/cloudflared) || exit 0
for stack in /var/lib/openclaw-gateway/*/; do
  unit=cloudflared-$(basename "$stack").service
  started=$(systemctl show -p ExecMainStartTimestamp --value "$unit")
  if [ -n "$started" ] && [ "$program" -gt "$(date -d "$started" +%s)" ]; then
    systemctl try-restart --no-block "$unit"
  fi
done
SCRIPT
}
# Of the other stacks: this one's is started anew anyway.
restart_upgraded() {
  for stack in "$ledger"/*/; do
    stack=$(basename "$stack")
    if [ "$stack" != "$setting_stack" ]; then systemctl try-restart --no-block "cloudflared-$stack.service" || true; fi
  done
}
