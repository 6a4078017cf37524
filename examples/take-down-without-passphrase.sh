#!/bin/sh
# Deletes from the Cloudflare account what the selected stack built there, by the ids in its state, which stand there
# in clear: for a stack whose passphrase is lost, so that `npx pulumi destroy` cannot run any more.
# It lists what it would delete; with --yes it does so. It may be repeated. The Pi stays as it is.
# It needs CLOUDFLARE_API_TOKEN in the environment, and jq.
set -eu

state=$(npx pulumi stack export)
api=${CLOUDFLARE_BASE_URL:-https://api.cloudflare.com/client/v4}/accounts/$(npx pulumi config get accountId)

# The name off first, and the tunnel last: what leads through a tunnel keeps it from being deleted.
delete_each() {
  for id in $(printf '%s' "$state" | jq -r ".deployment.resources[] | select(.type | endswith(\":$1\")) | .id"); do
    echo "$2/$id"
    [ "$confirmed" = yes ] || continue
    # The token comes on standard input: curl's own arguments anyone on the machine can read.
    answer=$(printf 'Authorization: Bearer %s\n' "$CLOUDFLARE_API_TOKEN" |
      curl --silent --show-error -H @- -X DELETE -w '\n%{http_code}' "$api/$2/$id")
    case $answer in
    *200 | *404) ;; # 404: it is gone already
    *)
      printf '%s\n' "$answer" >&2
      exit 1
      ;;
    esac
  done
}

confirmed=no
[ "${1-}" = --yes ] && confirmed=yes
delete_each WorkersScript workers/scripts
delete_each ZeroTrustAccessApplication access/apps
delete_each ZeroTrustAccessPolicy access/policies
delete_each ZeroTrustAccessServiceToken access/service_tokens
delete_each ConnectivityDirectoryService connectivity/directory/services
delete_each ZeroTrustTunnelCloudflared cfd_tunnel
[ "$confirmed" = yes ] || echo "Nothing was deleted. To delete all of it: $0 --yes"
