#!/usr/bin/env bash
# What further silos and the database cost: one silo with SQLite, then one, two and three over a PostgreSQL of this script's own, all on the
# same cores together with whoever asks: see perf/README.md.
#   bash perf/scaling.sh [--silos 1,2,3] [--rounds 3] [--seconds 3] [--warmup 20] [--concurrency 64] [--output results.jsonl]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=${ASSAY_BASELINE_WORK:-$root/artifacts/scaling}
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

programs=$(ls -d /usr/lib/postgresql/*/bin 2> /dev/null | sort -V | tail -n 1)
[ -n "$programs" ] || { echo "scaling: there is no PostgreSQL in /usr/lib/postgresql (on Debian: apt-get install postgresql)" >&2; exit 1; }

bash "$root/perf/publish.sh" "$root/src/Silo" "$work/silo"
bash "$root/perf/publish.sh" "$root/perf/Baseline" "$work/driver"

# PostgreSQL refuses to run as root.
as=()
database=$(mktemp -d)
if [ "$(id -u)" -eq 0 ]; then
  as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
  chown nobody:nogroup "$database"
fi
port=${ASSAY_SCALING_PORT:-25432}
cd /
"${as[@]}" "$programs/initdb" -D "$database/data" -U postgres -A trust -E UTF8 --locale=C --no-instructions > /dev/null
"${as[@]}" "$programs/pg_ctl" start -w -D "$database/data" -l "$database/log" -o "-p $port -k $database -c listen_addresses=127.0.0.1 -c max_connections=200" > /dev/null
trap '"${as[@]}" "$programs/pg_ctl" stop -m immediate -D "$database/data" > /dev/null; rm -rf "$database"' EXIT
postmaster=$(head -n 1 "$database/data/postmaster.pid")
for name in one two three four five six seven eight; do
  "$programs/createdb" -h 127.0.0.1 -p "$port" -U postgres "$name"
done

dotnet "$work/driver/Assay.Baseline.dll" scaling --silo "$work/silo" --bundle "$root/samples/quickstart" --work "$work/run" \
  --postgres "Host=127.0.0.1;Port=$port;Username=postgres;SSL Mode=Disable" --postmaster "$postmaster" "$@"
