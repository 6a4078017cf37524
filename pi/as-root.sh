# shellcheck shell=sh disable=SC2034,SC2154 # sudo.sh sets and reads these
# Runs another script as root, for a user whose sudo asks for a password.
# Standard input: the password in base64, then the script and its settings as they would come without this.

IFS= read -r encoded_password
sudo_password=$(printf '%s' "$encoded_password" | base64 -d)
require_root
# shellcheck disable=SC2016 # the inner shell expands it
as_root sh -c 'IFS= read -r s && eval "$(printf %s "$s" | base64 -d)"' "$0" "$1"
