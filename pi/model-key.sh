# shellcheck shell=sh disable=SC2154 # lib.sh and openclaw-install.sh set setting_… and openclaw_…
# The key of a model provider in openclaw.json: another one in its place, seen to work, or what was cut brought to its end.
# Runs as the user whose OpenClaw it is; may be repeated.
#
# Settings: stack, openclaw_port, openclaw_profile (may be empty), program (model-key.mjs in base64), order: list or replace,
# and for that provider and new_key (secret).
# Answer: to list {"providers":[{"id","kept","here"}]}, else {"provider","model","left":[file…]}

read_settings stack openclaw_port 'openclaw_profile?' program order 'provider?' 'new_key?'
one_at_a_time
if ! find_openclaw "$setting_openclaw_port" "$setting_openclaw_profile"; then
  fail OPENCLAW_NOT_FOUND "OpenClaw is not installed for the user $(id -un)" \
    "install it (https://docs.openclaw.ai/install/raspberry-pi) or set openclaw-gateway:pi.user to its user"
fi

# The program comes on standard input, and the key beside it: not in the environment, which OpenClaw's commands would have.
printf '%s' "$setting_program" | base64 -d |
  "$openclaw_node" --input-type=module - "$setting_order" "$setting_openclaw_port" \
    "$openclaw_package" "$openclaw_entry" "$openclaw_config" "$openclaw_unit" "$openclaw_pid" "$setting_provider" 9<&- 3<<KEY
$setting_new_key
KEY
