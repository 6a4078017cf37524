# shellcheck shell=sh disable=SC2154 # openclaw-install.sh sets openclaw_…
# What stands in the way of a rehearsal on a machine that is somebody's own, and what a cut one left there. Changes
# nothing. Sent behind pi/lib.sh and pi/openclaw-install.sh; runs as the user who signs in, who may use sudo.

tell() { printf '%s=%s\n' "$1" "$2"; }

tell architecture "$(dpkg --print-architecture)"
tell cloudflared "$(command -v cloudflared || true)"
tell package "$(dpkg-query -W -f '${Version}' cloudflared 2>/dev/null || true)"
# Each stack has a folder there from its first step to its last.
tell stacks "$(sudo -n find /var/lib/openclaw-gateway /etc/openclaw-gateway -mindepth 1 -maxdepth 1 -type d -printf '%f\n' 2>/dev/null | sort -u | tr '\n' ' ')"
tell port_taken "$(ss -Hltn 'sport = :7844' | head -n 1)"
tell home "$HOME"
find_openclaw 18789 || true
tell openclaw_node "$openclaw_node"
tell openclaw_entry "$openclaw_entry"
tell openclaw_config "$openclaw_config"
records=$(find "$(dirname "$openclaw_config")" -maxdepth 1 -name 'openclaw-gateway.*.json' -printf '%f\n' 2>/dev/null || true)
tell records "$(printf '%s' "$records" | sed 's/^openclaw-gateway\.//; s/\.json$//' | tr '\n' ' ')"
# shellcheck disable=SC2016 # a program for Node
tell gateway_token "$("$openclaw_node" -e '
  const { createRequire } = require("node:module");
  const JSON5 = createRequire(process.argv[1] + "/package.json")("json5");
  const { gateway } = JSON5.parse(require("node:fs").readFileSync(process.argv[2], "utf8"));
  const token = gateway?.auth?.token;
  process.stdout.write(typeof token === "string" && !token.includes("${") ? token : "");
' "$openclaw_package" "$openclaw_config")"
