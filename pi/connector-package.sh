# shellcheck shell=sh disable=SC2154,SC2034 # lib.sh sets setting_…, connector.sh ledger; connector.sh reads changed
# cloudflared's package: one for all stacks on the Pi, from Cloudflare's signed apt repository, unless one is there.

repository=https://pkg.cloudflare.com
source_list=/etc/apt/sources.list.d/cloudflared.list
# Workers VPC needs it: https://developers.cloudflare.com/workers-vpc/configuration/tunnel/
oldest_version=2025.7.0

installed_version() {
  cloudflared --version 2>/dev/null | sed -n 's/^cloudflared version \([0-9.]*\).*/\1/p'
}

new_enough() {
  version=$(installed_version)
  [ -n "$version" ] && [ "$(printf '%s\n%s\n' "$oldest_version" "$version" | sort -V | head -n 1)" = "$oldest_version" ]
}

is_good() { if [ "$setting_version" = any ]; then new_enough; else [ "$(installed_version)" = "$setting_version" ]; fi; }

# The marker names what this program put on the Pi. It is written before the first file, so that delete knows of a
# half-finished installation too.
ensure_package() {
  agree_on_version
  if is_good; then return; fi
  if command -v cloudflared >/dev/null && [ ! -e "$ledger/installed" ]; then
    if [ "$setting_version" = any ]; then
      refuse_old "cloudflared $(installed_version) is installed, and Workers VPC needs $oldest_version or later"
    fi
    fail CLOUDFLARED_OTHER_VERSION \
      "cloudflared $(installed_version) is installed, which this program did not do, and the config wants $setting_version" \
      "take the one that is there: npx pulumi config rm --path openclaw-gateway:cloudflared.version; or change it on the Pi yourself"
  fi
  say "installing cloudflared from $repository"
  : >"$ledger/installed"
  fetch_keys
  # By itself apt-get asks for each architecture that dpkg knows; Cloudflare names its packages as dpkg does.
  printf 'deb [arch=%s signed-by=%s] %s/cloudflared any main\n' "$(dpkg --print-architecture)" "$keyring" "$repository" |
    write_file "$source_list" 0644 || true
  # By itself apt-get update takes a list that cannot be fetched for no error.
  apt_get update -o Dir::Etc::sourcelist="$source_list" -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0 \
    -o APT::Update::Error-Mode=any
  if [ "$setting_version" = any ]; then
    apt_get install --no-install-recommends cloudflared
    new_enough || refuse_old "the repository gave cloudflared $(installed_version), and $oldest_version or later is needed"
  else
    # Held by this program, or newer: the config says which on purpose.
    apt_get install --no-install-recommends --allow-downgrades --allow-change-held-packages "cloudflared=$setting_version"
  fi
  changed=yes
  restart_upgraded
}

# One package for all stacks, so one version.
agree_on_version() {
  for file in "$ledger"/*/version; do
    if [ "$setting_version" = any ] || [ ! -e "$file" ] || [ "$file" = "$ledger/$setting_stack/version" ]; then continue; fi
    if ! grep -qx -e any -e "$setting_version" "$file"; then
      fail CLOUDFLARED_OTHER_VERSION \
        "the stack $(basename "$(dirname "$file")") on this Pi wants cloudflared $(cat "$file"), and this one $setting_version" \
        "one package serves both: npx pulumi config set --path openclaw-gateway:cloudflared.version $(cat "$file")"
    fi
  done
  printf '%s\n' "$setting_version" | write_file "$ledger/$setting_stack/version" 0600 || true
}

# refuse_old WHAT: with the way to a newer one, which depends on how the old one came.
refuse_old() {
  path=$(readlink -f "$(command -v cloudflared)")
  if apt-mark showhold 2>/dev/null | grep -qx cloudflared; then
    fail CLOUDFLARED_HELD "$1; apt is told to hold it at that version" \
      "let it go, on the Pi: sudo apt-mark unhold cloudflared && sudo apt-get install --only-upgrade cloudflared"
  fi
  if dpkg-query -S "$path" >/dev/null 2>&1; then
    fail CLOUDFLARED_TOO_OLD "$1" \
      "on the Pi: sudo apt-get update && sudo apt-get install --only-upgrade cloudflared; where its packages come from: apt-cache policy cloudflared"
  fi
  fail CLOUDFLARED_TOO_OLD "$1; $path did not come as a package" \
    "on the Pi: sudo cloudflared update, or take it away (sudo rm $path) and this program installs the package"
}

remove_package_when_last() {
  if [ -n "$(find "$ledger" -mindepth 1 -maxdepth 1 -type d 2>/dev/null)" ]; then return; fi
  if [ -e "$ledger/installed" ]; then
    other=$(grep -ls '^ExecStart=.*cloudflared' /etc/systemd/system/*.service /home/*/.config/systemd/user/*.service || true)
    if [ -n "$other" ]; then
      say "leaving cloudflared and its repository, which this program had installed: $(printf '%s' "$other" | paste -sd ' ') needs it"
    else
      say "removing cloudflared, which this program had installed"
      if dpkg-query -W cloudflared >/dev/null 2>&1; then apt_get purge cloudflared; fi
      rm -f "$source_list" "$keyring" /var/lib/apt/lists/pkg.cloudflare.com_*
      # The package leaves it empty when it is purged.
      rmdir /usr/local/etc/cloudflared 2>/dev/null || true
    fi
    rm -f "$ledger/installed"
  fi
  rmdir "$ledger" 2>/dev/null || true
}
