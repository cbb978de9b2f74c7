#!/usr/bin/env bash
# The walk that README.md tells: one service calls another. Starts an issuer, an API and its caller on loopback, and stops what it started. Needs bash, curl and
# the .NET SDK; run it from anywhere:
#
#   samples/service-to-service/run.sh
#
# ISSUER_URL and API_URL say where the two listen. SILO, ASSAY, API and CALLER are commands that take the place of what is built here. Everything else lies in
# a folder that is deleted at the end. It stops with an error where anything goes otherwise than told.
set -euo pipefail
cd "$(dirname "$0")/../.."

issuer=${ISSUER_URL:-http://127.0.0.1:8420}
api=${API_URL:-http://127.0.0.1:8430}
sample=samples/service-to-service
work=$(mktemp -d)
started=()
trap 'kill "${started[@]}" 2> /dev/null || true; wait; rm -rf "$work"' EXIT

# Somebody else's server would answer in place of the one that is started here.
for url in "$issuer" "$api"; do
  if curl --silent --output /dev/null "$url"; then
    printf 'Somebody listens at %s already. ISSUER_URL and API_URL say where these two should.\n' "$url" >&2
    exit 1
  fi
done

if [ -z "${SILO:-}" ]; then
  for project in src/Silo src/Cli "$sample/Api" "$sample/Caller"; do
    dotnet build "$project" --nologo > "$work/build.log" || { cat "$work/build.log" >&2; exit 1; }
  done
fi

# shellcheck disable=SC2086 # commands and their arguments
{
  silo() { exec ${SILO:-dotnet src/Silo/bin/Debug/net10.0/Assay.Silo.dll} "$@"; }
  api() { exec ${API:-dotnet $sample/Api/bin/Debug/net10.0/Assay.Api.dll} "$@"; }
  assay() { ASSAY_DATA=$work/data ${ASSAY:-dotnet src/Cli/bin/Debug/net10.0/assay.dll} "$@"; }
  caller() { ASSAY_CLIENT_KEY_FILE=$work/data/keys/nightly-close.jwk ${CALLER:-dotnet $sample/Caller/bin/Debug/net10.0/Assay.Caller.dll} "$@"; }
}

title() { printf '\n== %s\n' "$*"; }

failed() {
  printf '\nThis was to say: %s\n' "$1" >&2
  exit 1
}

# Runs a command and shows it with what it says; the first argument has to be in that.
expect() {
  local wanted=$1 out
  shift
  printf '\n$ %s\n' "${*//${copied:-nobody has one}/\$copied}"
  out=$("$@" 2>&1) || true
  printf '%s\n' "$out"
  case $out in *"$wanted"*) ;; *) failed "$wanted" ;; esac
}

# Waits until the process, the first argument, listens there.
until_up() {
  local tries process=$1
  shift
  for tries in $(seq 600); do
    if curl --silent --output /dev/null "$@"; then return; fi
    kill -0 "$process" 2> /dev/null || break
    sleep 0.1
  done
  cat "$work"/*.log >&2
  failed "${*: -1} answers"
}

# What the API answers to whoever shows a token that is not theirs.
with_copy() { curl --silent --output /dev/null --dump-header - --header "Authorization: Bearer $copied" "$api/rows" | tr -d '\r' | grep -i -E '^(HTTP|WWW-Authenticate)'; }

title "An issuer with the policies of $sample/bundle, and the ledger API"
# Revocations show in the status lists within their ttl: a second here, so that nobody has to wait.
(XDG_CONFIG_HOME=$work/config silo --data "$work/data" --url "$issuer" --bundle "$sample/bundle" \
  --Assay:StatusLists:TimeToLive=00:00:01 --Assay:StatusLists:PublishEvery=00:00:00.1 --Assay:Cluster:DrainDelay=00:00:00 > "$work/silo.log" 2>&1) &
started+=($!)
(api --urls "$api" --issuer "$issuer" > "$work/api.log" 2>&1) &
started+=($!)
until_up "${started[0]}" --fail "$issuer/health/ready"
until_up "${started[1]}" "$api/rows"
echo "Both listen: $issuer and $api."

title "A call that works"
expect "rows: 200, close: 204" caller "$issuer" "$api"

title "An entitlement is removed: the next token is narrower, and the API refuses what it does not allow"
expect "no longer in" assay member remove nightly-close ledger-closer
expect "rows: 200, close: 403" caller "$issuer" "$api"

title "It is given back"
expect "is in" assay member add nightly-close ledger-closer
expect "rows: 200, close: 204" caller "$issuer" "$api"

title "Somebody copied a token. It is good until it is revoked"
copied=$(assay token nightly-close --resource https://ledger.example --scope ledger:read --raw)
expect "HTTP/1.1 200" with_copy
expect "" assay revoke --token "$copied" --reason "seen in a log"
for tries in $(seq 100); do
  case $(with_copy) in *" 401 "*) break ;; esac
  sleep 0.1
done
expect 'error="invalid_token"' with_copy

title "The caller noticed nothing: its next token is a decision of now"
expect "rows: 200, close: 204" caller "$issuer" "$api"

printf '\nDone: one service called another.\n'
