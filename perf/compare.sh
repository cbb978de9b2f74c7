#!/usr/bin/env bash
# Measures the parts of an issuance and compares them with what is checked in (perf/Benchmarks/baseline.json): see perf/README.md.
#   bash perf/compare.sh [--accept] [arguments of BenchmarkDotNet]
# Exit code 1 when a part became slower by more than 30 %, counted in signatures of the same run, or allocates more. --accept checks in what was measured instead.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=${ASSAY_BENCHMARKS_WORK:-$root/artifacts/benchmarks}
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
what=compare
[ "${1:-}" != --accept ] || { what=accept; shift; }

rm -rf "$work/results"
mkdir -p "$work"
dotnet build "$root/perf/Benchmarks" -c Release -v q --nologo
run=(dotnet "$root/perf/Benchmarks/bin/Release/net10.0/Benchmarks.dll")
"${run[@]}" --filter '*PathBenchmarks*' '*EvidenceBenchmarks*' '*GrainBenchmarks*' '*ClientBenchmarks.WarmTwoScopes' --job short --inProcess --exporters json --artifacts "$work" "$@" > "$work/log.txt" 2>&1 || { tail -n 40 "$work/log.txt" >&2; exit 2; }
exec "${run[@]}" "$what" "$work/results" "$root/perf/Benchmarks/baseline.json"
