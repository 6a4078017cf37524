# shellcheck shell=sh disable=SC2154 # openclaw-install.sh sets openclaw_…
# What the audit trail's service runs, behind openclaw-install.sh: OpenClaw is found anew each time, since an update may
# have moved it and its Node. Standard output is the trail. Arguments: STACK PATH PORT [PROFILE]

if ! find_openclaw "$3" "${4:-}"; then
  echo "OpenClaw is not installed for the user $(id -un): nothing is read" >&2
  exit 1
fi
exec "$openclaw_node" "${0%.sh}.mjs" "$1" "$2" "$openclaw_entry" "$openclaw_config"
