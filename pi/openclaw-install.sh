# shellcheck shell=sh disable=SC2034 # the scripts behind this one read what it sets
# Finds OpenClaw as it is installed on real Pis: first the process that answers on its port, then its systemd units, then
# the PATH of a login shell, then where nvm, pnpm, npm and others put programs.
#
# find_openclaw PORT PROFILE, the profile by OpenClaw's own name and empty for the default one, sets openclaw_node, openclaw_entry (what Node runs), openclaw_package (folder), openclaw_config,
# openclaw_unit ("user NAME" or "system NAME", empty where none runs it), openclaw_pid (empty where it does not run),
# and exports what its commands need to find the same config; false when there is none. openclaw_other is the profile
# whose gateway listens on the port where that is another one: a Pi may run one for each person, and nobody's config is
# to be changed for somebody else.

export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-/run/user/$(id -u)}"

forget_found() { openclaw_node='' openclaw_entry='' openclaw_unit='' openclaw_pid='' openclaw_other='' environment=''; }

find_openclaw() {
  forget_found
  openclaw_profile=$(named_profile "${2:-}")
  from_process "$1" || from_unit --user || from_unit --system || from_shells || from_folders || return 1
  openclaw_package=${openclaw_entry%/dist/*}
  openclaw_package=${openclaw_package%/openclaw.mjs}
  export_environment
  openclaw_config=$(config_path)
  # The variable names a profile and leads to no config: only the option does, and these two, as in a profile's own unit.
  if [ -n "$openclaw_profile" ]; then
    export OPENCLAW_CONFIG_PATH="$openclaw_config" OPENCLAW_STATE_DIR="${OPENCLAW_STATE_DIR:-${openclaw_config%/*}}"
  fi
}

# await_process PORT PROFILE: where a unit is about to run OpenClaw, as after a restart of the Pi, waits until it listens: only the
# process tells what it was started with. OpenClaw takes up to a minute to start on a Pi.
await_process() {
  deadline=$(($(date +%s) + 90))
  forget_found
  openclaw_profile=$(named_profile "${2:-}")
  until from_process "$1" || [ -n "$openclaw_other" ] || ! { from_unit --user || from_unit --system; } || ! is_coming ||
    [ "$(date +%s)" -gt "$deadline" ]; do
    sleep 1
  done
}

# A unit that runs and listens nowhere yet, that starts, that waits before it starts again, or that is yet to be started.
is_coming() {
  shown=$(systemctl "--${openclaw_unit% *}" show "${openclaw_unit#* }" -p ActiveState -p Job -p MainPID)
  if listens "$(printf '%s\n' "$shown" | sed -n 's/^MainPID=//p')"; then return 1; fi
  case $shown in
  *ActiveState=active* | *ActiveState=activating* | *ActiveState=reloading* | *Job=[1-9]*) return 0 ;;
  *) return 1 ;;
  esac
}

# listens PID: whether a unit's process, or one that it has started, has a port. OpenClaw takes its port last of all: where
# it has another one, it is not about to take the one that is asked for.
listens() {
  if [ "${1:-0}" = 0 ]; then return 1; fi
  ports=$(ss -Hltnp)
  for pid in "$1" $(pgrep -P "$1" || true); do
    case $ports in *"pid=$pid,"*) return 0 ;; esac
  done
  return 1
}

# is_entry PATH: whether Node runs OpenClaw with it.
is_entry() {
  case $1 in
  */openclaw/dist/*.js | */openclaw/openclaw.mjs) [ -e "$1" ] ;;
  *) false ;;
  esac
}

# take_words WORD...: a command line, which names Node and OpenClaw; a command of a bin folder is a link to OpenClaw.
take_words() {
  for word in "$@"; do
    case $word in
    */node) [ -n "$openclaw_node" ] || openclaw_node=$word ;;
    /*)
      target=$(readlink -f "$word" 2>/dev/null || true)
      if [ -z "$openclaw_entry" ] && is_entry "$target"; then openclaw_entry=$target; fi
      ;;
    esac
  done
  [ -n "$openclaw_entry" ] && [ -n "$openclaw_node" ]
}

# The process of this user's that listens on the port; ss tells nobody whose others are.
from_process() {
  pid=$(ss -Hltnp "sport = :$1" | sed -n 's/.*pid=\([0-9]*\).*/\1/p' | head -n 1)
  [ -n "$pid" ] && [ -r "/proc/$pid/cmdline" ] || return 1
  openclaw_node=$(readlink "/proc/$pid/exe" | grep '/node$' || true)
  words=$(tr '\0' '\n' <"/proc/$pid/cmdline")
  set -f
  # shellcheck disable=SC2086 # a path with a space in it is not found here, and then by its unit
  take_words $words || { openclaw_node='' openclaw_entry=''; set +f; return 1; }
  set +f
  openclaw_pid=$pid
  environment=$(tr '\0\n' '\n ' <"/proc/$pid/environ" | grep '^OPENCLAW_' || true)
  profile=$(printf '%s\n' "$words" | sed -n '/^--profile$/{n;p;}; s/^--profile=//p' | head -n 1)
  if [ -n "$profile" ]; then environment="$environment
OPENCLAW_PROFILE=$profile"; fi
  if ! is_profile; then
    openclaw_other=$(found_profile)
    openclaw_other=${openclaw_other:-default}
    openclaw_node='' openclaw_entry='' openclaw_pid='' environment=''
    return 1
  fi
  # The unit is the last one of the path, and whose it is the first part tells.
  group=$(sed -n '/^0::\|:name=systemd:/s/^[^/]*//p' "/proc/$pid/cgroup" | grep '\.service$' | head -n 1)
  case $group in
  */user@*.service/*) openclaw_unit="user ${group##*/}" ;;
  */system.slice/*) openclaw_unit="system ${group##*/}" ;;
  esac
  # What the unit says by now holds where the process says nothing else: it is what the next start has.
  environment="$(unit_environment)
$environment"
}

named_profile() { if [ "$1" != default ]; then printf '%s' "$1"; fi; }

# The profile that an environment is one of: by name, or by the state folder that OpenClaw gives each.
found_profile() {
  name=$(environment_of OPENCLAW_PROFILE)
  folder=$(environment_of OPENCLAW_STATE_DIR)
  file=$(environment_of OPENCLAW_CONFIG_PATH)
  if [ -z "$name" ]; then name=$(printf '%s\n' "${folder:-${file%/*}}" | sed -n 's/.*\/\.openclaw-\([^/]*\)$/\1/p'); fi
  named_profile "$name"
}
is_profile() { [ "$(found_profile)" = "$openclaw_profile" ]; }

unit_environment() {
  if [ -z "$openclaw_unit" ]; then return; fi
  systemctl "--${openclaw_unit% *}" show "${openclaw_unit#* }" -p Environment --value 2>/dev/null |
    tr ' ' '\n' | grep '^OPENCLAW_' || true
}

# from_unit --user|--system: OpenClaw's own unit, or any other that runs it as this user.
from_unit() {
  units=$(systemctl "$1" list-unit-files --plain --no-legend --type=service '*openclaw*' 2>/dev/null |
    awk -v own="openclaw-gateway${openclaw_profile:+-$openclaw_profile}.service" \
      '$1 !~ /@\.service$/ { print ($1 == own ? 0 : 1), $1 }' | sort | cut -d' ' -f2)
  for unit in $units; do
    if [ "$1" = --system ] && [ "$(systemctl show "$unit" -p User --value)" != "$(id -un)" ]; then continue; fi
    start=$(systemctl "$1" show "$unit" -p ExecStart --value 2>/dev/null | sed -n 's/.*argv\[\]=\([^;]*\) ;.*/\1/p')
    openclaw_node='' openclaw_entry=''
    # shellcheck disable=SC2086 # words of a command line
    if take_words $start; then
      openclaw_unit="${1#--} $unit"
      environment=$(unit_environment)
      profile=$(printf '%s\n' "$start" | sed -n 's/.* --profile[ =]\([^ ]*\).*/\1/p')
      if [ -n "$profile" ]; then environment="$environment
OPENCLAW_PROFILE=$profile"; fi
      if is_profile; then return 0; fi
    fi
  done
  openclaw_node='' openclaw_entry='' openclaw_unit='' environment=''
  return 1
}

# A login shell reads ~/.profile, where installers put their PATH; nvm's lines are in ~/.bashrc, for interactive ones.
from_shells() {
  for options in -lc -ic; do
    found=$(timeout 20 bash "$options" 'command -v openclaw node' </dev/null 2>/dev/null || true)
    command=$(printf '%s\n' "$found" | grep '/openclaw$' | head -n 1)
    openclaw_node=$(printf '%s\n' "$found" | grep '/node$' | head -n 1)
    if [ -n "$command" ] && from_command "$command"; then
      environment=OPENCLAW_PROFILE=$openclaw_profile
      return 0
    fi
  done
  return 1
}

from_folders() {
  for command in "$HOME"/.nvm/versions/node/*/bin/openclaw "$HOME/.npm-global/bin/openclaw" "$HOME/.local/bin/openclaw" \
    "$HOME/.local/share/pnpm/openclaw" "$HOME/.volta/bin/openclaw" /usr/local/bin/openclaw /usr/bin/openclaw; do
    openclaw_node=''
    if [ -e "$command" ] && from_command "$command"; then
      environment=OPENCLAW_PROFILE=$openclaw_profile
      return 0
    fi
  done
  return 1
}

# from_command COMMAND: a link to OpenClaw, or the script that pnpm puts in its place. The Node beside it is its own.
from_command() {
  openclaw_entry=$(readlink -f "$1")
  if ! is_entry "$openclaw_entry"; then
    # shellcheck disable=SC2016 # the script's own words
    inside=$(sed -n 's/.*"\$basedir\/\([^"]*\/openclaw\/openclaw\.mjs\)".*/\1/p' "$1" 2>/dev/null | head -n 1)
    openclaw_entry=$(readlink -f "$(dirname "$1")/$inside" 2>/dev/null || true)
    is_entry "$openclaw_entry" || return 1
  fi
  if [ -x "$(dirname "$1")/node" ]; then openclaw_node=$(dirname "$1")/node; fi
  openclaw_node=${openclaw_node:-$(command -v node || true)}
  [ -n "$openclaw_node" ]
}

# environment_of NAME: what the gateway has been started with.
environment_of() { printf '%s\n' "$environment" | sed -n "s/^$1=//p" | tail -n 1; }

# OpenClaw's commands must find the gateway's own config and state, and know when that config is managed elsewhere.
export_environment() {
  for name in OPENCLAW_CONFIG_PATH OPENCLAW_STATE_DIR OPENCLAW_HOME OPENCLAW_PROFILE OPENCLAW_CONFIG_READONLY OPENCLAW_NIX_MODE; do
    value=$(environment_of "$name")
    if [ -n "$value" ]; then export "$name=$value"; fi
  done
}

# docs/help/environment.md there: the more exact name wins.
config_path() {
  home=${OPENCLAW_HOME:-$HOME}
  folder=$home/.openclaw
  if [ -n "${OPENCLAW_PROFILE:-}" ] && [ "$OPENCLAW_PROFILE" != default ]; then folder=$folder-$OPENCLAW_PROFILE; fi
  printf '%s' "${OPENCLAW_CONFIG_PATH:-${OPENCLAW_STATE_DIR:-$folder}/openclaw.json}"
}
