#!/usr/bin/env bash
# What a token costs when very many identities live in one silo and come in turn, beside a thousand of them: see perf/README.md.
#   bash perf/live.sh [identities, 100000 unless said otherwise] [rounds, 5]
# The store is made once for each number and kept in artifacts/live (ASSAY_LIVE_WORK puts it elsewhere).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
count=${1:-100000} rounds=${2:-5}
work=${ASSAY_LIVE_WORK:-$root/artifacts/live}/$count
server_core=${SERVER_CORE:-0} load_core=${LOAD_CORE:-1}
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

[ "$count" -ge 1000 ] 2> /dev/null || { echo "live: a thousand identities are the least" >&2; exit 2; }
for program in gcc python3 taskset; do
  command -v $program > /dev/null || { echo "live: $program is missing (on Debian: apt-get install gcc libc6-dev python3 util-linux)" >&2; exit 2; }
done
mkdir -p "$work"
gcc -O2 -Wall -o "$work/tokload" "$root/perf/peers/loadgen/tokload.c" -lm
dotnet build "$root/perf/Benchmarks" -c Release -v q --nologo
# A long lease: on a machine that others use as well, one core may be away for longer than the usual one.
taskset -c "$server_core" dotnet "$root/perf/Benchmarks/bin/Release/net10.0/Benchmarks.dll" live "$work" "$count" --bundle "$root/samples/quickstart" \
  --Assay:Authority:LeaseLife 00:05:00 --Assay:Authority:LeaseMargin 00:00:10 > "$work/out" &
server=$!
trap 'kill -9 $server 2> /dev/null || true' EXIT # nothing in it is worth an orderly end
until grep -q '^ready ' "$work/out"; do
  kill -0 $server || { cat "$work/out" >&2; exit 1; }
  sleep 1
done
grep -E 'filled|came to life' "$work/out" || true
url=$(sed -n 's/^ready [0-9]* //p' "$work/out")

# bodies, connections, seconds
load() {
  taskset -c "$load_core" "$work/tokload" -p "${url##*:}" -u /oauth/token -T application/x-www-form-urlencoded -n 1 -B "$work/bodies-$1" -P $server -l "$1" -c "$2" -w 0.5 -d "$3"
}

load few 64 30 > "$work/warm-up"
load all 64 30 >> "$work/warm-up"
for ((round = 0; round < rounds; round++)); do
  for connections in 16 64; do
    load few $connections 4
    load all $connections 4
  done
done > "$work/rounds"
python3 - "$work/rounds" "$count" <<'P'
import json, statistics, sys
of = {}
for line in open(sys.argv[1]):
    line = json.loads(line)
    assert line["bad"] == 0, line
    of.setdefault((line["c"], line["label"]), []).append(line["cpu_us_per_req"])
for connections in (16, 64):
    few, all = (of[connections, label] for label in ("few", "all"))
    print(f"c={connections}: a thousand {statistics.median(few):.0f} us of processor a token, {int(sys.argv[2]):,} {statistics.median(all):.0f} us, ratio {statistics.median(all) / statistics.median(few):.2f}"
          f"   ({' '.join('%.0f/%.0f' % pair for pair in zip(few, all))})")
P
