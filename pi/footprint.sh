# shellcheck shell=sh disable=SC2034,SC2154 # lib.sh sets setting_…, sudo.sh reads sudo_password
# Everything that a stack may have left on the Pi, taken away again: the reverse of every step in one session. It is
# recorded in the state before the first step runs, since a step that fails is not recorded and would never be undone.
#
# create changes nothing, but that a stack which reuses a tunnel takes the connector off that it had of its own before:
# then nothing sends through that one any more. delete runs each step's delete; what was never made, or is gone already, is no error.
# Runs as the user of the config. Settings: connector, openclaw, firewall, audit: what each step's script gets on standard
# input, in base64; where a tunnel is reused former_connector and former_unit instead of connector; and where sudo asks
# sudo_password (in base64, secret).

read_settings 'connector?' 'former_connector?' 'former_unit?' openclaw firewall audit 'sudo_password?'
sudo_password=$(printf '%s' "$setting_sudo_password" | base64 -d)

# undo STEP INPUT [PREFIX]: a step that cannot be undone does not keep the next from it.
# shellcheck disable=SC2016 # the inner shell expands what stands in single quotes
undo() {
  printf '%s' "$2" | base64 -d |
    ${3:-} sh -c 'IFS= read -r s && eval "$(printf %s "$s" | base64 -d)"' "$1" delete >/dev/null || failed="$failed $1"
}

failed=
if [ "$1" = create ] && [ -n "$setting_former_unit" ] && [ -e "/etc/systemd/system/$setting_former_unit" ]; then
  say "taking off $setting_former_unit: the stack uses another tunnel now"
  require_root
  undo connector "$setting_former_connector" as_root
fi
if [ "$1" = delete ]; then
  # The way in from outside first.
  if (require_root); then root=yes; else root=; fi
  if [ -z "$root" ]; then
    if [ -n "$setting_connector" ]; then failed=" connector"; else failed=" what needs root"; fi
  elif [ -n "$setting_connector" ]; then
    undo connector "$setting_connector" as_root
  fi
  undo openclaw "$setting_openclaw"
  if [ -n "$root" ]; then
    undo firewall "$setting_firewall" as_root
    # Last, so that it holds the end of the others too.
    undo audit "$setting_audit" as_root
  fi
fi
if [ -n "$failed" ]; then
  fail PI_NOT_CLEANED "could not undo on the Pi:$failed; why is said above" "mend that, then run npx pulumi destroy again"
fi
printf '{}\n'
