# shellcheck shell=sh disable=SC2154 # lib.sh sets setting_…
# The id by which Cloudflare knows the stack's connector on this Pi. Changes nothing, and needs no root: the unit's file
# is for everyone to read, and the metrics are on loopback.
#
# Settings: stack. Answer: {"connectorId":"…"}; {} where the connector does not run.

read_settings stack

unit=/etc/systemd/system/cloudflared-$setting_stack.service
metrics=$(sed -n 's/.*--metrics \([0-9.:]*\) .*/\1/p' "$unit" 2>/dev/null || true)
# /ready says 503 while no connection stands, and tells the id all the same.
id=$(curl -s --max-time 5 "http://${metrics:-127.0.0.1:9}/ready" | sed -n 's/.*"connectorId":"\([0-9a-f-]*\)".*/\1/p' || true)
if [ -n "$id" ]; then printf '{"connectorId":"%s"}\n' "$id"; else printf '{}\n'; fi
