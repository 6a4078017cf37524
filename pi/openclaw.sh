# shellcheck shell=sh disable=SC2154 # lib.sh and openclaw-install.sh set setting_… and openclaw_…
# OpenClaw's config for the gateway, and its token. Runs as the user whose OpenClaw it is.
# create may be repeated; delete puts back what was there before.
#
# Settings: stack, openclaw_port, openclaw_profile (may be empty), program (openclaw.mjs in base64), wanted (infra/openclaw-wanted.ts's JSON in base64).
# Answer: {"token":"…","openclaw":"VERSION","found":{…}} (secret); no token where OpenClaw has none; found: node (VERSION),
# entry, config, unit

read_settings stack openclaw_port 'openclaw_profile?' program wanted
one_at_a_time

if [ "$1" = create ]; then await_process "$setting_openclaw_port" "$setting_openclaw_profile"; fi
if ! find_openclaw "$setting_openclaw_port" "$setting_openclaw_profile"; then
  # Gone with its config: nothing is left to put back.
  if [ "$1" = delete ]; then
    printf '{}\n'
    exit 0
  fi
  fail OPENCLAW_NOT_FOUND "OpenClaw is not installed for the user $(id -un)" \
    "install it (https://docs.openclaw.ai/install/raspberry-pi) or set openclaw-gateway:pi.user to its user"
fi

if [ "$1" = create ] && [ -n "$openclaw_other" ]; then
  fail OPENCLAW_OTHER_PROFILE "port $setting_openclaw_port belongs to the OpenClaw profile $openclaw_other, and the stack is for ${openclaw_profile:-default}" \
    "set the profile or the port: npx pulumi config set --path openclaw-gateway:pi.profile $openclaw_other; or openclaw-gateway:pi.openclawPort"
fi

# The program comes on standard input. People's addresses are not for everyone who lists processes.
WANTED=$(printf '%s' "$setting_wanted" | base64 -d)
export WANTED
# Without the lock, which this shell holds: what OpenClaw's commands leave running would hold it on.
printf '%s' "$setting_program" | base64 -d |
  "$openclaw_node" --input-type=module - "$1" "$setting_stack" "$setting_openclaw_port" \
    "$openclaw_package" "$openclaw_entry" "$openclaw_config" "$openclaw_unit" "$openclaw_pid" 9<&-
