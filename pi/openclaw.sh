# shellcheck shell=sh disable=SC2154 # lib.sh and openclaw-install.sh set setting_… and openclaw_…
# OpenClaw's config for the gateway, and its token. Runs as the user whose OpenClaw it is.
# create may be repeated; delete puts back what was there before.
#
# Settings: stack, origin (https://HOST that browsers show), openclaw_port, program (openclaw.mjs in base64).
# Answer: {"token":"…","openclaw":"VERSION"} (secret)

read_settings stack origin openclaw_port program

if ! find_openclaw; then
  # Gone with its config: nothing is left to put back.
  if [ "$1" = delete ]; then
    printf '{}\n'
    exit 0
  fi
  fail OPENCLAW_NOT_FOUND "OpenClaw is not installed for the user $(id -un)" \
    "install it (https://docs.openclaw.ai/install/raspberry-pi) or set openclaw-gateway:pi.user to its user"
fi

# The program comes on standard input, what it is told is no secret.
printf '%s' "$setting_program" | base64 -d |
  "$openclaw_node" --input-type=module - "$1" "$setting_stack" "$setting_origin" "$setting_openclaw_port" \
    "$openclaw_package" "$openclaw_entry" "$openclaw_config"
