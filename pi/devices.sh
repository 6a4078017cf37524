# shellcheck shell=sh disable=SC2154 # lib.sh and openclaw-install.sh set setting_… and openclaw_…
# The browsers and phones that OpenClaw has paired, by its own command. Runs as the user whose OpenClaw it is.
#
# Settings: openclaw_port, order: "list", or "approve ID", "reject ID" or "remove ID".
# Answer: what OpenClaw's command says, as JSON.

read_settings openclaw_port order

find_openclaw "$setting_openclaw_port" ||
  fail OPENCLAW_NOT_FOUND "OpenClaw is not installed for the user $(id -un)" \
    "install it (https://docs.openclaw.ai/install/raspberry-pi) or set openclaw-gateway:pi.user to its user"

verb=${setting_order%% *}
id=${setting_order#"$verb"}
id=${id# }
case $verb in
list) set -- list ;;
# A word that begins with a dash would be read as a flag.
approve | reject | remove) case $id in
  '' | -* | *[!A-Za-z0-9:_.-]*) fail DEVICE_UNKNOWN "\"$id\" is no device or request of OpenClaw's" \
    "list them: npm run family -- devices STACK" ;;
  *) set -- "$verb" "$id" ;;
  esac ;;
*) fail SETTING_UNKNOWN "an order \"$verb\" came" "this is a mistake in openclaw-gateway: please report it" ;;
esac

"$openclaw_node" "$openclaw_entry" devices "$@" --json </dev/null
