# shellcheck shell=sh disable=SC2154 # connector-package.sh sets repository
# The key that Cloudflare's packages are signed with: fetched, and trusted only when it is known.

keyring=/usr/share/keyrings/cloudflare-main.gpg
# The two names that Cloudflare's documentation has given it (cloudflare-docs 26253 and 29087).
key_names='cloudflare-main.gpg cloudflare-public-v2.gpg'
# "CloudFlare Software Packaging 2025", since October 2025, and the key before it ("CloudFlare Software Packaging", as in
# cloudflared's issue 719). Cloudflare publishes no fingerprints: these are what several others have pinned who install
# from there, and apt's NO_PUBKEY lines for this repository name both.
cloudflare_keys='CC94B39C77AE7342A68B89628A682D308D4E5E73 FBA8C0EE63617C5EED695C43254B391D8CACCBF8'
# Keys that whoever administers this machine trusts besides, one fingerprint a line: for a mirror signed anew.
more_keys=/etc/openclaw-gateway-package-keys

# Cloudflare's key, under each of its names: what is known of it goes into the keyring, what is not known is not trusted.
fetch_keys() {
  folder=$(mktemp -d)
  unknown=
  for name in $key_names; do
    if ! download "$repository/$name" "$folder/$name"; then continue; fi
    if found=$(fingerprints "$folder/$name") && [ -n "$found" ]; then
      strange=$(printf '%s\n' "$found" | grep -vxF -e "$(trusted_keys)" || true)
    else
      strange="no OpenPGP key that can be read"
    fi
    if [ -n "$strange" ]; then
      unknown="$unknown $name ($(printf '%s' "$strange" | paste -sd ' '))"
    elif ! cmp -s "$folder/$name" "$folder/known"; then
      cat "$folder/$name" >>"$folder/known"
    fi
  done
  if [ ! -s "$folder/known" ]; then
    rm -rf "$folder"
    fail CLOUDFLARED_KEY_UNKNOWN "the key that $repository gives is not one that is known as Cloudflare's:$unknown" \
      "nothing was installed. Either something in between gave another key, or Cloudflare has a new one: see https://pkg.cloudflare.com and https://github.com/cloudflare/cloudflared/issues, and renew this program"
  fi
  write_file "$keyring" 0644 <"$folder/known" || true
  rm -rf "$folder"
}

trusted_keys() {
  printf '%s\n' "$cloudflare_keys" | tr ' ' '\n'
  cat "$more_keys" 2>/dev/null || true
}

# fingerprints FILE: of the OpenPGP keys in it, one a line; false for what is not plain public keys of version 4. Not by
# gpg, which not every Pi has (apt has not needed it since Debian 13). RFC 9580, 4.2 (packets) and 5.5.4.2 (fingerprint).
fingerprints() {
  places=$(od -An -v -tu1 -w1 "$1" | awk '
    { byte[NR - 1] = $1 }
    function number(bytes, sum) { while (bytes-- > 0) sum = sum * 256 + byte[at++]; return sum }
    END {
      while (at < NR) {
        head = byte[at++]
        if (head >= 192) {
          tag = head - 192; size = byte[at++]
          if (size == 255) size = number(4)
          else if (size >= 224) exit 1
          else if (size >= 192) size = (size - 192) * 256 + byte[at++] + 192
        } else if (head >= 128 && head % 4 < 3) {
          tag = int((head - 128) / 4); size = number(2 ^ (head % 4))
        } else exit 1
        if (at + size > NR) exit 1
        if (tag == 6) { if (byte[at] != 4 || size > 65535) exit 1; printf "%d %d\n", at, size }
        else if (tag != 2 && tag != 13 && tag != 14 && tag != 17) exit 1
        at += size
      }
    }') || return 1
  printf '%s\n' "$places" | while read -r start size; do
    {
      # shellcheck disable=SC2059 # the format is the two bytes of the size
      printf "\\231\\$(printf %03o $((size / 256)))\\$(printf %03o $((size % 256)))"
      tail -c "+$((start + 1))" "$1" | head -c "$size"
    } | sha1sum | cut -c 1-40 | tr a-f A-F
  done
}

# download URL FILE: false when there is no such file on the server.
download() {
  words=$(curl -fsSL --connect-timeout 15 --max-time 60 --retry 2 -o "$2" "$1" 2>&1) || {
    case $words in
    *'error: 404'*) return 1 ;;
    *'resolve host'*) why="the Pi finds no address for it: see its DNS, with: getent hosts ${repository#https://}" ;;
    *certificate*) why="its certificate is not trusted: is the Pi's clock right (timedatectl)? does something in between open TLS?" ;;
    *) why="check the Pi's way to the internet: curl -I $1" ;;
    esac
    rm -rf "$folder"
    # Of several lines, such as its advice about certificates, curl's own tells why.
    said=$(printf '%s\n' "$words" | grep '^curl: ' | tail -n 1)
    fail DOWNLOAD_FAILED "could not download $1 (${said:-$words})" "$why"
  }
}
