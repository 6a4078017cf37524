# shellcheck shell=sh disable=SC2154 # lib.sh sets setting_…
# Tries to connect with an old token of the tunnel, which Cloudflare should refuse. Changes nothing; taken after all, the
# trial is ended at once: it would have led to this very Pi.
#
# Settings: old_token (secret). Answer: {"refused":true} or {"refused":false}

read_settings old_token
trial=
folder=$(mktemp -d)
trap '[ -z "$trial" ] || kill "$trial" 2>/dev/null || true; rm -rf "$folder"' EXIT
printf '%s' "$setting_old_token" >"$folder/token"
cloudflared tunnel --no-autoupdate --protocol quic --metrics 127.0.0.1:0 run --token-file "$folder/token" \
  >"$folder/log" 2>&1 &
trial=$!
tries=0
while [ "$tries" -lt 60 ]; do
  if grep -q 'Registered tunnel connection' "$folder/log"; then
    printf '{"refused":false}\n'
    exit 0
  fi
  if grep -q 'Unauthorized:' "$folder/log"; then
    printf '{"refused":true}\n'
    exit 0
  fi
  kill -0 "$trial" 2>/dev/null || break
  sleep 0.5
  tries=$((tries + 1))
done
tail -n 5 "$folder/log" >&2
fail TUNNEL_NOT_CONNECTED "a trial with the old token was neither taken nor refused; its last lines are above" \
  "try again in a minute"
