#!/bin/sh
# Asks your OpenClaw a question with curl: once for the whole answer, once as a stream.
# It needs OPENAI_BASE_URL, CF_ACCESS_CLIENT_ID and CF_ACCESS_CLIENT_SECRET in the environment.
set -eu

# What stands in curl's own arguments, anyone on the machine can read: the secret comes on standard input, written
# there by the shell itself.
ask() {
  printf 'CF-Access-Client-Id: %s\nCF-Access-Client-Secret: %s\n' "$CF_ACCESS_CLIENT_ID" "$CF_ACCESS_CLIENT_SECRET" |
    curl --silent --show-error --fail-with-body --no-buffer -H @- -H 'Content-Type: application/json' \
      -d "$1" "$OPENAI_BASE_URL/chat/completions"
}

ask '{"model":"openclaw","messages":[{"role":"user","content":"Say hello"}]}'
echo
ask '{"model":"openclaw","stream":true,"messages":[{"role":"user","content":"Say good night"}]}'
