#!/bin/sh
# All that sshd runs on the Pi of `npm run bench -- family`: notes which step is asked for, and answers as a Pi would that
# has done it. The answers lie beside it; of the standard input, which has secrets, nothing is kept.
set -eu
here=${0%/*}
printf '%s\n' "$SSH_ORIGINAL_COMMAND" >>"$here/asked"
# To its end, as the step would read it.
port=$(sed -n 's/^openclaw_port //p')

case $SSH_ORIGINAL_COMMAND in
  *" look create "*)
    sed -e "s/^clock=.*/clock=$(date +%s)/" -e "s/^openclaw_configured_port=.*/openclaw_configured_port=$port/" "$here/look"
    ;;
  *" connector create "*) cat "$here/connector" ;;
  *" openclaw create "*) cat "$here/openclaw" ;;
  *" footprint create "* | *" footprint delete "*) echo '{}' ;;
  *)
    echo "the recorder has no answer to: $SSH_ORIGINAL_COMMAND" >&2
    exit 127
    ;;
esac
