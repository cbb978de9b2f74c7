#!/usr/bin/env bash
# How fast identities come to life from storage, on one core: see perf/README.md.
#   bash perf/activations.sh [identities, 100000 unless said otherwise]
# The store is made once for each number and kept in artifacts/activations (ASSAY_ACTIVATIONS_WORK puts it elsewhere).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
count=${1:-100000}
work=${ASSAY_ACTIVATIONS_WORK:-$root/artifacts/activations}/$count
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

# Compiled once and for good: a short run would else measure the compiler. A silo gets there by itself in a minute or two.
export DOTNET_TieredPGO=0 DOTNET_TC_QuickJit=0

mkdir -p "$work"
dotnet build "$root/perf/Benchmarks" -c Release -v q --nologo
# A long lease: on a machine that others use as well, one core may be away for longer than the usual one.
exec taskset -c "${ASSAY_ACTIVATIONS_CORE:-0}" dotnet "$root/perf/Benchmarks/bin/Release/net10.0/Benchmarks.dll" activations "$work" "$count" \
  --Assay:Authority:LeaseLife 00:05:00 --Assay:Authority:LeaseMargin 00:00:10
