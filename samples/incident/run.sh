#!/usr/bin/env bash
# The walk that README.md tells: from the alert to the containment to the proof. Against a silo that runs with this bundle, from the root of a checkout:
#
#   dotnet run --project src/Silo -- --bundle samples/incident/bundle --Assay:TrustedProxies=127.0.0.1
#   samples/incident/run.sh
#
# ASSAY is the command line (dotnet run --project src/Cli --), ASSAY_DATA the silo's data folder (.assay). It may be run again: each time Deskly gets a new
# secret, and loses it. It stops with an error where anything goes otherwise than told.
set -euo pipefail

data=${ASSAY_DATA:-.assay}
issuer=$(sed -n 's/.*"issuer":[^"]*"\([^"]*\)".*/\1/p' "$data/server.json")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=

# shellcheck disable=SC2086 # a command and its arguments
assay() { ${ASSAY:-dotnet run --project src/Cli --} "$@"; }

title() { printf '\n== %s\n' "$*"; }

# Shows a command and what it says. The second word of expect has to be in that.
run() {
  local shown=() word
  for word in "$@"; do
    [ ${#word} -lt 200 ] || word=${word:0:12}…${word: -6} # a token
    shown+=("$word")
  done
  printf '\n$ assay %s\n' "${shown[*]}"
  out=$(assay "$@" 2>&1) || true
  printf '%s\n' "$out"
}

expect() {
  case $out in
    *"$1"*) ;;
    *)
      printf '\nThis was to say: %s\n' "$1" >&2
      exit 1
      ;;
  esac
}

# A token as a program asks for it, from an address. The proxy that the silo trusts is this script.
ask() {
  curl --silent --show-error --header "X-Forwarded-For: $1" --data-urlencode "client_secret=$2" --data-urlencode "scope=$3" \
    --data 'grant_type=client_credentials' --data 'client_id=helpdesk-sync' --data 'resource=https://tickets.example' "$issuer/oauth/token"
}

member() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p"; }

token_of() {
  local token
  token=$(member access_token <<< "$1")
  [ -n "$token" ] || { printf 'No token: %s\n' "$1" >&2; exit 1; }
  printf '%s' "$token"
}

title "An ordinary day"
assay evidence checkpoint --to "$work/before.txt" > "$work/saved.txt"
secret=$(assay credential add helpdesk-sync --secret 2> /dev/null)
ours=$(token_of "$(ask 198.51.100.7 "$secret" tickets:read)")
echo "Deskly gets a token from 198.51.100.7, as every few minutes. A checkpoint of the evidence was saved this morning, elsewhere."

title "The theft"
stolen=$(token_of "$(ask 203.0.113.66 "$secret" "tickets:read tickets:export")")
echo "Somebody has the secret, and exports tickets from 203.0.113.66. To policy it is the same client: it is granted."

title "The alert: the tickets API saw an export from an address it did not know. What is this token?"
run explain "$stolen"
expect " ALLOWED "
expect "203.0.113.66"
expect "export-tickets"

title "What else hangs on it?"
run blast-radius identity helpdesk-sync
expect "2 live tokens"
expect "198.51.100.7"
expect "203.0.113.66"
handle=$(assay explain "$stolen" --output json | grep -m1 '"credential"' | member credential)

title "First stop the bleeding: the whole identity"
printf '\n$ assay contain identity helpdesk-sync --reason "INC-4711: export from an unknown address"\n'
act=$(assay contain identity helpdesk-sync --reason "INC-4711: export from an unknown address" --output json | member act)
echo "Act $act."
run introspect "$stolen"
expect "dead"
out=$(ask 203.0.113.66 "$secret" tickets:export)
printf '\nThe thief asks again: %s\n' "$out"
expect '"error"'

title "Then narrow it down: one secret was stolen, so that one stays out, and Deskly gets another"
run contain credential "$handle" --reason "INC-4711: used from 203.0.113.66"
expect " CONTAINED "
run contain undo "$act" --reason "INC-4711: only the secret was stolen"
expect "is undone"
fresh=$(assay credential add helpdesk-sync --secret 2> /dev/null)
token_of "$(ask 198.51.100.7 "$fresh" tickets:read)" > /dev/null
echo "Deskly is back at work, with another secret."
out=$(ask 203.0.113.66 "$secret" tickets:read)
printf 'The thief, with the old one: %s\n' "$out"
expect "invalid_client"
run introspect "$ours"
expect "dead" # it was obtained with the stolen secret, too: undoing gave the identity back, and no token

title "The thief tries something else: the claims of one token under the signature of another"
run explain "$(cut -d. -f1,2 <<< "$ours").$(cut -d. -f3 <<< "$stolen")"
expect " FORGED "

title "What did it touch, all in all?"
run blast-radius credential "$handle"
expect "No live token."
run evidence search --credential "$handle" --ip 203.0.113.66
expect "tickets:export"

title "The proof: what was done, by whom, and that nobody has touched the log since this morning"
run get containments --limit 3
expect "stands"
run evidence verify --checkpoint "$work/before.txt"
expect "Intact"

printf '\nDone: from the alert to the proof.\n'
