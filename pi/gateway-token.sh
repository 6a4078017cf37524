# shellcheck shell=sh disable=SC2154 # lib.sh and openclaw-install.sh set setting_… and openclaw_…
# Gives OpenClaw another token of its own, and sees it take that and refuse the one before. Runs as the user whose
# OpenClaw it is; may be repeated.
#
# Settings: openclaw_port, openclaw_profile (may be empty), program (gateway-token.mjs in base64), new_token and old_token (secret).
# Answer: {"refused":STATUS}, what OpenClaw answers to the old one

read_settings openclaw_port 'openclaw_profile?' program new_token old_token
if ! find_openclaw "$setting_openclaw_port" "$setting_openclaw_profile"; then
  fail OPENCLAW_NOT_FOUND "OpenClaw is not installed for the user $(id -un)" \
    "install it (https://docs.openclaw.ai/install/raspberry-pi) or set openclaw-gateway:pi.user to its user"
fi

# The program comes on standard input, and the environment is this user's alone to read.
NEW_TOKEN=$setting_new_token OLD_TOKEN=$setting_old_token
export NEW_TOKEN OLD_TOKEN
printf '%s' "$setting_program" | base64 -d |
  "$openclaw_node" --input-type=module - "$setting_openclaw_port" \
    "$openclaw_package" "$openclaw_entry" "$openclaw_config" "$openclaw_unit"
