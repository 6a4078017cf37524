# shellcheck shell=sh disable=SC2154 # lib.sh and openclaw-install.sh set setting_… and openclaw_…
# A first look at the Pi, which changes nothing: one "name=value" a line, for infra/pi-look.ts to judge.
# Runs as the user of the config. Settings: openclaw_port, openclaw_profile (may be empty), program (openclaw-look.mjs in base64), and where sudo asks
# sudo_password (in base64, secret).

read_settings openclaw_port 'openclaw_profile?' program 'sudo_password?'
sudo_password=$(printf '%s' "$setting_sudo_password" | base64 -d)

tell() { printf '%s=%s\n' "$1" "$2"; }

# room NAME FOLDER: megabytes left, and where that file system is mounted. A file system full of files counts as full.
room() {
  df -Pm "$2" 2>/dev/null | awk -v name="$1" 'NR == 2 { print name "=" $4 " " $6 }'
  if [ "$(df -Pi "$2" 2>/dev/null | awk 'NR == 2 && $2 > 0 { print $4 }')" = 0 ]; then tell "$1" "0 $2"; fi
}

tell user "$(id -un)"
tell groups "$(id -nG)"
tell machine "$(uname -m)"
tell architecture "$(dpkg --print-architecture 2>/dev/null || true)"
tell apt "$(command -v apt-get || true)"
tell systemd "$(if [ -d /run/systemd/system ]; then echo yes; fi)"
tell curl "$(command -v curl || true)"
tell clock "$(date +%s)"
tell free_megabytes "$(df -Pm /var/lib | awk 'NR == 2 { print $4 }')"
room room_usr /usr
room room_var /var/cache
room room_tmp "${TMPDIR:-/tmp}"
room room_home "$HOME"

root=
if [ "$(id -u)" = 0 ]; then
  root=yes
elif ! command -v sudo >/dev/null; then
  tell sudo missing
elif words=$(sudo -n true 2>&1); then
  root=yes
  sudo_password=
elif [ -n "$sudo_password" ] && words=$(try_sudo_password 2>&1); then
  root=yes
else
  tell sudo_password "${sudo_password:+given}"
  # The last line: a sudoers file with a mistake in it is complained about first.
  tell sudo "$(printf '%s' "$words" | tail -n 1)"
fi
tell root "$root"

if [ "$root" = yes ]; then
  for folder in /usr /etc /var/lib; do
    # test -w is false on a read-only file system for root too.
    as_root test -w "$folder" || tell read_only "$folder"
  done
  # Who answers on OpenClaw's port, and which users have an OpenClaw: the config may name the wrong one.
  pid=$(as_root ss -Hltnp "sport = :$setting_openclaw_port" | sed -n 's/.*pid=\([0-9]*\).*/\1/p' | head -n 1)
  if [ -n "$pid" ]; then
    tell listener "$(basename "$(as_root readlink "/proc/$pid/exe")") (process $pid)"
    tell listener_user "$(stat -c %U "/proc/$pid" 2>/dev/null || as_root stat -c %U "/proc/$pid")"
  fi
  tell openclaw_users "$(as_root find /root /home -maxdepth 3 -path '*/.openclaw/openclaw.json' -printf '%u ' 2>/dev/null || true)"
fi

if find_openclaw "$setting_openclaw_port" "$setting_openclaw_profile"; then
  tell openclaw_other "$openclaw_other"
  tell openclaw_entry "$openclaw_entry"
  tell openclaw_unit "$openclaw_unit"
  if [ -n "$openclaw_unit" ]; then
    tell openclaw_unit_state "$(systemctl "--${openclaw_unit% *}" is-active "${openclaw_unit#* }" 2>/dev/null || true)"
  fi
  printf '%s' "$setting_program" | base64 -d |
    "$openclaw_node" --input-type=module - "$setting_openclaw_port" "$openclaw_package" "$openclaw_config"
fi
