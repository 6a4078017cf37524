# shellcheck shell=sh disable=SC2154 # lib.sh sets setting_…, connector-package.sh repository
# apt-get, with patience for others and with an explanation where it fails.

# apt and dpkg have a lock each, and only one of them is waited for by DPkg::Lock::Timeout: so neither is left to it.
apt_patience_seconds=300

# apt_get ACTION OPTION...: waits while another program of the Pi (such as its nightly upgrade) holds the locks.
apt_get() {
  action=$1
  shift
  log=$(mktemp)
  waited=0
  until DEBIAN_FRONTEND=noninteractive apt-get "$action" -q -y -o DPkg::Lock::Timeout=0 "$@" >"$log" 2>&1; do
    # apt's words: "Could not get lock FILE. It is held by process 1234 (unattended-upgr)".
    holder=$(sed -n 's/.*held by process \([0-9]* ([^)]*)\).*/process \1/p' "$log" | head -n 1)
    if ! grep -q 'Could not get lock' "$log"; then explain_apt; fi
    if [ "$waited" -ge "$apt_patience_seconds" ]; then
      rm -f "$log"
      fail APT_LOCKED "another program installs packages on the Pi and did not end within $apt_patience_seconds s: ${holder:-it does not say which}" \
        "let it end (on the Pi: ps -fp NUMBER shows it), then run npx pulumi up again"
    fi
    if [ "$waited" = 0 ]; then say "waiting for another installation on the Pi to end (${holder:-unknown})"; fi
    sleep 3
    waited=$((waited + 3))
  done
  rm -f "$log"
}

# Why apt-get failed, by its own words in $log, which come first.
explain_apt() {
  words=$(cat "$log")
  tail -n 15 "$log" >&2
  rm -f "$log"
  again="then run npx pulumi up again"
  case $words in
  *'dpkg was interrupted'* | *'fix-broken install'* | *'Unmet dependencies'* | *'unmet dependencies'* | *'Sub-process /usr/bin/dpkg returned an error'*)
    fail DPKG_BROKEN "the Pi's packages are in a state that nothing can be installed in, as after a power cut" \
      "on the Pi: sudo dpkg --configure -a && sudo apt-get -f install, $again" ;;
  *'No space left'* | *'enough free space'*)
    fail PI_NO_SPACE "there is no room for the package" "make room on the Pi, for example: sudo apt-get clean; df -h tells what is full; $again" ;;
  *'created after the --not-after date'* | *'not yet activated'* | *'not yet valid'* | *'is not valid yet'* | *'Not live until'*)
    fail PI_CLOCK "by the Pi's clock ($(date)) what $repository shows is not valid yet; apt's words are above" \
      "set the clock: sudo timedatectl set-ntp true, $again" ;;
  *'certificate verify failed'* | *'certificate is NOT trusted'*)
    fail DOWNLOAD_FAILED "apt could not fetch from $repository: its certificate is not trusted" \
      "is the Pi's clock right (timedatectl)? does something in between open TLS? $again" ;;
  *'not signed'* | *NO_PUBKEY* | *'Missing key'* | *EXPKEYSIG* | *BADSIG* | *'signatures were invalid'* | *"couldn't be verified"*)
    fail REPOSITORY_UNSIGNED "apt does not trust $repository: what came is not signed by the key that came from there" \
      "nothing was installed. Is something between the Pi and the internet (a filter, a proxy)? is the clock right (timedatectl)? $again" ;;
  *'Could not resolve'* | *'Could not connect'* | *'Unable to connect'* | *'Connection timed out'* | *'Connection failed'* | *'Failed to fetch'*)
    fail DOWNLOAD_FAILED "apt could not fetch from $repository; its words are above" \
      "check the Pi's way to the internet: curl -I $repository/cloudflare-main.gpg; $again" ;;
  *'was not found'*)
    fail CLOUDFLARED_NO_VERSION "the repository has no cloudflared $setting_version; it has: $(apt-cache madison cloudflared | awk '{ print $3 }' | paste -sd ' ')" \
      "take one of those with openclaw-gateway:cloudflared.version, or install that one on the Pi yourself, from https://github.com/cloudflare/cloudflared/releases, $again" ;;
  *'held packages'* | *'were held'*)
    fail CLOUDFLARED_HELD "apt is told to hold cloudflared" "let it go, on the Pi: sudo apt-mark unhold cloudflared; $again" ;;
  esac
  fail APT_FAILED "apt-get $action did not succeed" "its last lines are above; mend that on the Pi, $again"
}
