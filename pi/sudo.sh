# shellcheck shell=sh
# How the user of the config runs something as root. A password for sudo is in sudo_password, which is never exported:
# it leaves the shell by its own printf and a pipe, so that no argv, environment or log ever has it.

sudo_password=
end_of_password=--openclaw-gateway-input--

# as_root COMMAND...: with the caller's standard input, which is read to its end.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif [ -z "$sudo_password" ]; then
    sudo -n "$@"
  else
    # sudo takes the first line where it asks and leaves it where it does not (NOPASSWD): the marker ends what is its.
    # shellcheck disable=SC2016 # the inner shell expands it
    {
      printf '%s\n%s\n' "$sudo_password" "$end_of_password"
      cat
    } | sudo -k -S -p '' sh -c 'while IFS= read -r line && [ "$line" != "$0" ]; do :; done; exec "$@"' \
      "$end_of_password" "$@"
  fi
}

# One try. With more on its standard input sudo would take that for two more tries, and each wrong one takes seconds.
try_sudo_password() { printf '%s\n' "$sudo_password" | sudo -k -S -p '' true; }

# require_root: fails where the password is not the user's any more.
require_root() {
  if [ "$(id -u)" = 0 ] || [ -z "$sudo_password" ]; then return; fi
  words=$(try_sudo_password 2>&1) || fail PI_SUDO_PASSWORD \
    "sudo does not take openclaw-gateway:pi.sudoPassword for $(id -un) ($(printf '%s' "$words" | tail -n 1))" \
    "set the one that it takes, npx pulumi config set --path --secret openclaw-gateway:pi.sudoPassword, and run npx pulumi up; a destroy uses what the last up knew"
}
