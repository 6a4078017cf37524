# Puts into this shell what the examples need, from the outputs of the selected stack: `. examples/environment.sh`.
# shellcheck shell=sh
OPENAI_BASE_URL=$(npx pulumi stack output apiBaseUrl)
CF_ACCESS_CLIENT_ID=$(npx pulumi stack output serviceTokens --show-secrets | jq -r .cli.clientId)
CF_ACCESS_CLIENT_SECRET=$(npx pulumi stack output serviceTokens --show-secrets | jq -r .cli.clientSecret)
export OPENAI_BASE_URL CF_ACCESS_CLIENT_ID CF_ACCESS_CLIENT_SECRET
