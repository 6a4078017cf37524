# shellcheck shell=sh
# Finds OpenClaw as it is installed: first what its systemd user unit runs (its Node may come from nvm or a folder of
# its own and be on no PATH), then the PATH.
#
# Sets openclaw_node, openclaw_package (folder), openclaw_entry (what Node runs), openclaw_config; false when there is none.

find_openclaw() {
  export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-/run/user/$(id -u)}"
  openclaw_node=
  openclaw_entry=
  start=$(systemctl --user show openclaw-gateway.service -p ExecStart --value 2>/dev/null |
    sed -n 's/.*argv\[\]=\([^;]*\) ;.*/\1/p')
  for word in $start; do
    case $word in
    */node) openclaw_node=$word ;;
    */openclaw/dist/*.js | */openclaw/openclaw.mjs) openclaw_entry=$word ;;
    esac
  done
  if [ -z "$openclaw_entry" ]; then
    # A login shell's PATH, since ~/.profile is where installers put theirs.
    openclaw_entry=$(sh -lc 'readlink -f "$(command -v openclaw)"' 2>/dev/null || true)
    openclaw_node=$(sh -lc 'command -v node' 2>/dev/null || true)
  fi
  [ -n "$openclaw_entry" ] && [ -n "$openclaw_node" ] && [ -e "$openclaw_entry" ] || return 1
  openclaw_package=${openclaw_entry%/dist/*}
  openclaw_package=${openclaw_package%/openclaw.mjs}
  openclaw_config=$(systemctl --user show openclaw-gateway.service -p Environment --value 2>/dev/null |
    tr ' ' '\n' | sed -n 's/^OPENCLAW_CONFIG_PATH=//p')
  openclaw_config=${openclaw_config:-$HOME/.openclaw/openclaw.json}
  # The gateway's environment may say that its config is managed elsewhere; OpenClaw's commands want to be told too.
  for name in OPENCLAW_CONFIG_READONLY OPENCLAW_NIX_MODE; do
    if systemctl --user show openclaw-gateway.service -p Environment --value 2>/dev/null |
      tr ' ' '\n' | grep -qx "$name=1"; then export "$name=1"; fi
  done
}
