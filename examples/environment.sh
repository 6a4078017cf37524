# Puts into this shell what the examples need, from the outputs of the selected stack: `. examples/environment.sh`.
# SERVICE_TOKEN says which service token of the stack; `cli` when it is not set.
# shellcheck shell=sh
service_token() {
  npx pulumi stack output serviceTokens --show-secrets | jq -er --arg name "${SERVICE_TOKEN:-cli}" ".[\$name].$1"
}
OPENAI_BASE_URL=$(npx pulumi stack output apiBaseUrl)
CF_ACCESS_CLIENT_ID=$(service_token clientId)
CF_ACCESS_CLIENT_SECRET=$(service_token clientSecret)
export OPENAI_BASE_URL CF_ACCESS_CLIENT_ID CF_ACCESS_CLIENT_SECRET
