#!/usr/bin/env bash
# Measures the applications of the Cedar paper in this engine and in the official one, on the same entities and requests: see perf/README.md.
#   bash perf/cedar-apps.sh
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=${ASSAY_CEDAR_WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/assay-cedar-apps}
version=4.13.0
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

command -v npm > /dev/null || { echo "cedar-apps: npm is missing (Node 20 or later)" >&2; exit 1; }
mkdir -p "$work"
[ -d "$work/node_modules/@cedar-policy/cedar-wasm" ] || npm install --prefix "$work" --silent --no-fund --no-audit "@cedar-policy/cedar-wasm@$version"

dotnet build "$root/perf/Benchmarks" -c Release -v q --nologo
rm -rf "$work/apps"
dotnet "$root/perf/Benchmarks/bin/Release/net10.0/Benchmarks.dll" apps "$work/apps"

# Without the flags this module fails on Node 20 once its code has been optimized.
exec node --no-turbo-inline-js-wasm-calls --no-turbofan "$root/perf/cedar-apps.mjs" "$work/apps" "$work"
