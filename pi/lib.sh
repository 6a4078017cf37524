# shellcheck shell=sh disable=SC2034,SC2154 # the evals read what seems unused
# What the scripts of this folder share. infra/pi-script.ts puts it in front of the script it sends; nothing is
# installed on the Pi.
#
# A script gets its operation and settings so:
#   $1                      create or delete
#   standard input          one "name value" a line; secrets travel only here, never in argv or the environment
# It answers with one line of JSON on standard output. Standard error is for people.

set -eu
umask 077
export LC_ALL=C

say() { printf '%s\n' "$*" >&2; }

# fail CODE WHAT MEND: what went wrong, in words, and what to do about it.
fail() {
  say "$1: $2"
  say "  $3"
  exit 1
}

# read_settings NAME...: reads standard input to its end into $setting_NAME. Every NAME must come, but for one that is
# written NAME?; others are an error.
read_settings() {
  for wanted in "$@"; do eval "setting_${wanted%\?}="; done
  while IFS=' ' read -r name value; do
    case " $* " in
    *" $name "* | *" $name? "*) eval "setting_$name=\$value" ;;
    *) fail SETTING_UNKNOWN "a setting named $name came" "this is a mistake in openclaw-gateway: please report it" ;;
    esac
  done
  for wanted in "$@"; do
    case $wanted in *\?) continue ;; esac
    eval "[ -n \"\$setting_$wanted\" ]" ||
      fail SETTING_MISSING "no $wanted came" "this is a mistake in openclaw-gateway: please report it"
  done
}

# write_file PATH MODE: standard input becomes the file, whole or not at all. Says by its exit code whether it changed.
write_file() {
  draft=$1.draft.$$
  cat >"$draft"
  chmod "$2" "$draft"
  if [ -e "$1" ] && cmp -s "$draft" "$1" && [ "$(stat -c %a "$1")" = "${2#0}" ]; then
    rm -f "$draft"
    return 1
  fi
  # The content is on the disk before the name points to it: a Pi loses power.
  sync "$draft"
  mv -f "$draft" "$1"
}

# One step of a Pi's root at a time, of whichever stack: two would be in each other's way at apt. A step whose connection
# broke runs on here while it is already being repeated, too. The lock is on a folder that is there anyway, and goes with
# the process; who holds it stands in a file, which counts only while the lock is held. A step of another user's, which
# changes that user's OpenClaw and nothing else, waits for those of the same user.
one_at_a_time() {
  if [ "$(id -u)" = 0 ]; then
    holder=/run/openclaw-gateway-step
    exec 9</etc/systemd/system
  else
    holder=/run/user/$(id -u)/openclaw-gateway-step
    exec 9<"$HOME"
  fi
  if ! flock -n 9; then
    say "waiting for another step on the Pi to end: $(cat "$holder" 2>/dev/null || echo 'not said which')"
    flock -w 600 9 || fail PI_STEP_RUNNING \
      "another step of this program has not ended on the Pi within 10 minutes: $(cat "$holder" 2>/dev/null || echo 'not said which')" \
      "see what it waits for, on the Pi: ps -ef --forest; restart the Pi if need be, then run npx pulumi up again"
  fi
  { printf '%s of the stack %s, process %s, since %s\n' "$0" "$setting_stack" "$$" "$(date '+%H:%M:%S')" >"$holder"; } 2>/dev/null || true
}
