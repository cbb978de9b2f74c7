#!/usr/bin/env bash
# Assay beside the limit of the machine and beside other servers, interleaved, everything of a server on one core: see perf/README.md.
#   bash perf/peers/run.sh [--rounds 5] [--seconds 3] [--warmup 30] [--identities 10000] [--targets "ceiling assay …"] [--results <folder>] [--smoke]
# Installs what is missing (Debian packages as root, npm and NuGet packages), builds, starts all, asks, writes a table and the raw output, stops all.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/servers.sh"

rounds=5 seconds=3 warmup=30 identities=10000 results=$root/perf/results smoke=
targets="ceiling assay ceiling-pkjwt assay-pkjwt openiddict-none oidc-provider oidc-provider-pkjwt openiddict-postgres-pkjwt assay-postgres-pkjwt glewlwyd batch64 assay-batch"
while [ $# -gt 0 ]; do
  case $1 in
    --rounds) rounds=$2; shift 2 ;;
    --seconds) seconds=$2; shift 2 ;;
    --warmup) warmup=$2; shift 2 ;;
    --identities) identities=$2; shift 2 ;;
    --targets) targets=$2; shift 2 ;;
    --results) results=$2; shift 2 ;;
    --smoke) smoke=1 rounds=1 seconds=1 warmup=1 identities=100; shift ;; # that everything works: its figures say nothing
    *) sed -n '2,4p' "$0" >&2; exit 2 ;;
  esac
done

[ "$(nproc)" -ge 2 ] || { echo "peers: needs two processor cores: one for the servers, one for whoever asks" >&2; exit 2; }
mkdir -p "$work" "$results"
chmod 755 "$work"
trap stop_all EXIT
trap 'exit 130' INT TERM

say "installing and building (log: $work/install.log)"
install_all "$targets" > "$work/install.log" 2>&1 || { tail -n 20 "$work/install.log" >&2; exit 2; }

running=()
for target in $targets; do
  if why=$(missing "$target"); then
    say "$target is left out: $why"
  elif start "$(server_of "$target")" && "$(check_of "$target")" "$target"; then
    running+=("$target")
  else
    say "$target is left out: it did not start or gave no token (log: $work/$(server_of "$target").log)"
  fi
done
[ ${#running[@]} -gt 0 ] || { echo "peers: nothing runs" >&2; exit 2; }

raw=$work/raw.jsonl
: > "$raw"
# What JIT compilers make of the hot path settles with calls, and on one core that takes its time.
for target in "${running[@]}"; do
  say "warming up $target"
  for ((warm = 0; warm < warmup; warm += 5)); do
    bodies "$target" $((warmup < 5 ? warmup + 1 : 6))
    load "$target" -c 64 -w 0 -d $((warmup < 5 ? warmup : 5)) > /dev/null || true
  done
  settle "$target"
done

for ((round = 1; round <= rounds; round++)); do
  for target in "${running[@]}"; do
    for connections in 16 64; do
      say "round $round of $rounds, c=$connections: $target"
      bodies "$target" $((seconds + 2))
      load "$target" -c $connections -w 0.5 -d "$seconds" >> "$raw" || true
      settle "$target"
    done
  done
done

# Half of what each can do at most, at random moments; a latency counts from when its request was due.
for ((round = 1; round <= rounds; round++)); do
  for target in "${running[@]}"; do
    rate=$(python3 "$here/table.py" --half "$target" "$raw")
    say "round $round of $rounds, $rate a second: $target"
    bodies "$target" $((seconds + 2))
    load "$target" -c 64 -r "$rate" -w 0.5 -d "$seconds" >> "$raw" || true
    settle "$target"
  done
done

name=peers-$(date -u +%Y%m%dT%H%M%SZ)
[ -z "$smoke" ] || name=smoke-$name
cp "$raw" "$results/$name.jsonl"
{
  echo "# Peers, $(date -u '+%Y-%m-%d %H:%M') UTC"
  echo
  echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, $(awk '/MemTotal/ { printf "%d", $2 / 1048576 }' /proc/meminfo) GiB, $(uname -sr), .NET $(dotnet --version), Node $(node --version 2> /dev/null || echo none)."
  echo "Commit $(git -C "$root" rev-parse --short=12 HEAD)$(git -C "$root" diff --quiet HEAD || echo ' with changes'). $rounds rounds of $seconds s, $warmup s of warm-up each; assay with $identities identities, 100 policies and durable evidence, the others with $clients clients. Load before: $load_before."
  echo
  python3 "$here/table.py" "$raw"
} | tee "$results/$name.md"
say "written: $results/$name.md and .jsonl"
python3 "$here/table.py" --errors "$raw"
