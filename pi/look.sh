# shellcheck shell=sh disable=SC2154 # lib.sh and openclaw-install.sh set setting_… and openclaw_…
# A first look at the Pi, which changes nothing: one "name=value" a line, for infra/pi-look.ts to judge.
# Runs as the user of the config. Settings: openclaw_port.

read_settings openclaw_port

tell() { printf '%s=%s\n' "$1" "$2"; }

tell user "$(id -un)"
tell machine "$(uname -m)"
tell architecture "$(dpkg --print-architecture 2>/dev/null || true)"
tell systemd "$(if [ -d /run/systemd/system ]; then echo yes; fi)"
tell curl "$(command -v curl || true)"
tell clock "$(date +%s)"
tell free_megabytes "$(df -Pm /var/lib | awk 'NR == 2 { print $4 }')"
if [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; then tell root yes; else tell root ''; fi

if find_openclaw; then
  tell openclaw_entry "$openclaw_entry"
  tell openclaw_version "$("$openclaw_node" -p 'require(process.argv[1]).version' "$openclaw_package/package.json")"
  tell openclaw_config "$(if [ -r "$openclaw_config" ]; then echo "$openclaw_config"; fi)"
  status=$(curl -s -o /dev/null -m 10 -w '%{http_code}' "http://127.0.0.1:$setting_openclaw_port/readyz" || true)
  tell openclaw_ready "$(if [ "$status" = 200 ]; then echo yes; else echo "$status"; fi)"
fi
