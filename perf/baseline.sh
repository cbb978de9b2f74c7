#!/usr/bin/env bash
# Measures this checkout against the bare limit of this machine: see perf/README.md.
#   bash perf/baseline.sh [--rounds 3] [--seconds 3] [--warmup 10] [--concurrency 16,64] [--beside <published silo>] [--output results.jsonl]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=${ASSAY_BASELINE_WORK:-$root/artifacts/baseline}
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

[ "$(nproc)" -ge 2 ] || { echo "baseline: needs two processor cores: one for the server, one for whoever asks" >&2; exit 1; }
command -v taskset > /dev/null || { echo "baseline: taskset is missing (util-linux)" >&2; exit 1; }

bash "$root/perf/publish.sh" "$root/src/Silo" "$work/silo"
bash "$root/perf/publish.sh" "$root/perf/Baseline" "$work/driver"

exec taskset -c 1 dotnet "$work/driver/Assay.Baseline.dll" run --silo "$work/silo" --bundle "$root/samples/quickstart" --work "$work/run" "$@"
