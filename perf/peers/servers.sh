# What run.sh knows of each target: sourced by it, does nothing by itself.
work=${ASSAY_PEERS_WORK:-$root/artifacts/peers} # builds, node_modules, databases, keys, logs
server_core=${SERVER_CORE:-0}
load_core=${LOAD_CORE:-1}
clients=100
pg_port=5433
load_before=$(cut -d ' ' -f 1 /proc/loadavg)
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 NUGET_CERT_REVOCATION_MODE=${NUGET_CERT_REVOCATION_MODE:-offline}
export SIGN_KEY_PEM=$work/sign.pem CLIENT_KEY_PEM=$work/client.pem CLIENTS=$clients
pg_as=()
[ "$(id -u)" -ne 0 ] || pg_as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)

say() { echo "peers: $*" >&2; }
pg_bin() { ls -d /usr/lib/postgresql/*/bin 2> /dev/null | sort -V | tail -n 1; }

# Several targets may be served by one process.
server_of() {
  case $1 in
    ceiling* | batch64) echo ceiling ;;
    assay-postgres*) echo assay-postgres ;;
    assay*) echo assay ;;
    *) echo "$1" ;;
  esac
}
port_of() {
  case $(server_of "$1") in
    ceiling) echo 5100 ;; openiddict-none) echo 5110 ;; openiddict-postgres-pkjwt) echo 5112 ;; oidc-provider) echo 5120 ;;
    oidc-provider-pkjwt) echo 5122 ;; assay) echo 5130 ;; assay-postgres) echo 5132 ;; glewlwyd) echo 5140 ;;
  esac
}
path_of() {
  case $1 in
    ceiling-pkjwt) echo /pkjwt ;; batch64) echo '/batch?n=64' ;; assay-batch) echo /oauth/token/batch ;;
    assay*) echo /oauth/token ;; glewlwyd) echo /api/oidc/token ;; *) echo /token ;;
  esac
}
bodies_of() {
  case $1 in
    assay | assay-pkjwt | assay-postgres-pkjwt | assay-batch | ceiling-pkjwt | *-pkjwt) echo "$work/bodies-$1.txt" ;;
    *) echo "$work/bodies.txt" ;;
  esac
}
check_of() { echo gives_token; }

# Succeeds, with the reason, when a target cannot be run here.
missing() {
  local programs=""
  case $1 in
    oidc-provider*) programs=node; [ -d "$work/oidc-provider/node_modules/oidc-provider" ] || { echo "npm could not install oidc-provider"; return 0; } ;;
    glewlwyd) programs="glewlwyd sqlite3 zcat" ;;
    openiddict*) [ -x "$work/openiddict/Assay.PeerOpenIddict" ] || { echo "OpenIddict could not be built"; return 0; } ;;
  esac
  case $1 in
    *postgres*) [ -n "$(pg_bin)" ] || { echo "there is no PostgreSQL in /usr/lib/postgresql"; return 0; } ;;
  esac
  local program
  for program in $programs; do
    command -v "$program" > /dev/null || { echo "$program is missing"; return 0; }
  done
  return 1
}

install_all() {
  local packages=() pair
  for pair in gcc:gcc openssl:openssl python3:python3 curl:curl taskset:util-linux; do
    command -v "${pair%:*}" > /dev/null || packages+=("${pair#*:}")
  done
  [ -e /usr/include/stdio.h ] || packages+=(libc6-dev)
  [[ $1 != *glewlwyd* ]] || { command -v glewlwyd > /dev/null && command -v sqlite3 > /dev/null; } || packages+=(glewlwyd sqlite3)
  [[ $1 != *postgres* ]] || [ -n "$(pg_bin)" ] || packages+=(postgresql)
  [[ $1 != *oidc-provider* ]] || command -v npm > /dev/null || packages+=(nodejs npm)
  if [ ${#packages[@]} -gt 0 ]; then
    if [ "$(id -u)" -eq 0 ] && command -v apt-get > /dev/null; then
      # Programs only: the packages' own services stay down.
      local policy=/usr/sbin/policy-rc.d
      if [ -e "$policy" ]; then policy=; else printf '#!/bin/sh\nexit 101\n' > "$policy"; chmod 755 "$policy"; fi
      apt-get update -qq || true
      local package
      for package in "${packages[@]}"; do
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" < /dev/null || echo "$package could not be installed"
      done
      [ -z "$policy" ] || rm -f "$policy"
    else
      echo "to be installed: ${packages[*]}"
    fi
  fi

  gcc -O2 -Wall -o "$work/tokload" "$here/loadgen/tokload.c" -lm || return 1
  bash "$root/perf/publish.sh" "$root/src/Silo" "$work/silo" || return 1
  dotnet publish "$root/perf/Local" -c Release -o "$work/local" -v q --nologo || return 1
  bash "$root/perf/publish.sh" "$here/ceiling" "$work/ceiling" || return 1
  [[ $1 != *openiddict* ]] || bash "$root/perf/publish.sh" "$here/openiddict" "$work/openiddict" || echo "OpenIddict could not be built"
  if [[ $1 == *oidc-provider* ]] && command -v npm > /dev/null; then
    mkdir -p "$work/oidc-provider" && cp "$here"/oidc-provider/* "$work/oidc-provider/"
    (cd "$work/oidc-provider" && npm install --omit=dev --no-fund --no-audit --silent) || echo "npm could not install oidc-provider"
  fi

  local name i
  for name in sign client; do
    [ -e "$work/$name.pem" ] || openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$work/$name.pem"
  done
  for ((i = 0; i < clients; i++)); do
    printf 'grant_type=client_credentials&client_id=worker-%06d&client_secret=s3cret-worker-%06d-0123456789abcdef&scope=orders.read\n' "$i" "$i"
  done > "$work/bodies.txt"
}

# A database of its own for a server, in one PostgreSQL on the servers' core.
database() {
  local bin; bin=$(pg_bin)
  if ! "$bin/pg_isready" -q -h 127.0.0.1 -p $pg_port; then
    pg=$(mktemp -d)
    [ "$(id -u)" -ne 0 ] || chown nobody:nogroup "$pg"
    (
      cd /
      "${pg_as[@]}" "$bin/initdb" -D "$pg/data" -U postgres -A trust -E UTF8 --locale=C --no-instructions > /dev/null
      "${pg_as[@]}" taskset -c "$server_core" "$bin/pg_ctl" start -w -D "$pg/data" -l "$pg/log" -o "-p $pg_port -k $pg -c listen_addresses=127.0.0.1 -c max_connections=200 -c shared_buffers=512MB" > /dev/null
    )
    echo "$pg" > "$work/pg.folder"
  fi
  "$bin/createdb" -h 127.0.0.1 -p $pg_port -U postgres "$1"
}

# Each in a folder of its own: ASP.NET Core watches all files below the one it runs in, and would be told of each write of its neighbours' databases.
launch() { # name, program …
  local name=$1
  shift
  mkdir -p "$work/in/$name"
  (cd "$work/in/$name" && exec setsid taskset -c "$server_core" "$@" > "$work/$name.log" 2>&1 < /dev/null) &
  echo $! > "$work/$name.pid"
}

started=" "
start() {
  [[ $started != *" $1 "* ]] || return 0
  local port; port=$(port_of "$1")
  rm -f "$work/$1.pid"
  say "starting $1"
  case $1 in
    ceiling) PORT=$port DOTNET_ENVIRONMENT=Production launch "$1" "$work/ceiling/Assay.Ceiling" ;;
    openiddict-none) PORT=$port STORAGE=none launch "$1" "$work/openiddict/Assay.PeerOpenIddict" ;;
    openiddict-postgres-pkjwt)
      database openiddict || return 1
      # Its stores block threads of the pool: with the least there are on one core it stops answering at 64 connections.
      PORT=$port STORAGE=postgres DOTNET_ThreadPool_ForceMinWorkerThreads=0x80 \
        DB="Host=127.0.0.1;Port=$pg_port;Username=postgres;Database=openiddict;Minimum Pool Size=16;Maximum Pool Size=16;Max Auto Prepare=50" \
        launch "$1" "$work/openiddict/Assay.PeerOpenIddict" ;;
    oidc-provider) PORT=$port NODE_ENV=production launch "$1" node "$work/oidc-provider/server.mjs" ;;
    oidc-provider-pkjwt) PORT=$port AUTH=pkjwt NODE_ENV=production launch "$1" node "$work/oidc-provider/server.mjs" ;;
    glewlwyd) bash "$here/glewlwyd/setup.sh" "$work/glewlwyd" "$port" "$SIGN_KEY_PEM" $clients > "$work/glewlwyd-setup.log" 2>&1 || return 1
      launch "$1" glewlwyd --config-file="$work/glewlwyd/glewlwyd.conf" ;;
    assay | assay-postgres)
      rm -rf "$work/$1-data"
      openssl rand 32 | base64 -w 0 | tr '+/' '-_' | tr -d '=' > "$work/$1.kek"
      chmod 600 "$work/$1.kek"
      local extra=() postgres=()
      if [ "$1" = assay-postgres ]; then
        database assay || return 1
        postgres=(ASSAY_POSTGRES="Host=127.0.0.1;Port=$pg_port;Username=postgres;Database=assay;SSL Mode=Disable")
        extra=(--issuer "http://127.0.0.1:$port" --Assay:Authority:Slot=silo0 --Assay:Cluster:SiloPort=$((port + 1000)))
      fi
      launch "$1" env ASSAY_KEK_FILE="$work/$1.kek" DOTNET_ENVIRONMENT=Production Logging__LogLevel__Default=Warning "${postgres[@]}" \
        "$work/silo/Assay.Silo" --data "$work/$1-data" --url "http://127.0.0.1:$port" "${extra[@]}" ;;
  esac
  started="$started$1 "
  local i
  for ((i = 0; i < 300; i++)); do
    kill -0 "$(cat "$work/$1.pid")" 2> /dev/null || return 1
    case $1 in
      assay*) curl -sf -o /dev/null -m 1 "http://127.0.0.1:$port/health/ready" && break ;;
      *) curl -s -o /dev/null -m 1 "http://127.0.0.1:$port/" && break ;;
    esac
    sleep 0.2
  done
  case $1 in
    assay*)
      say "making $identities identities in $1"
      local secrets=$identities
      [ "$1" = assay ] || secrets=0
      taskset -c "$load_core" dotnet "$work/local/Assay.Local.dll" prepare --silos "http://127.0.0.1:$port" --admin-key "$work/$1-data/bootstrap.jwk" \
        --identities "$identities" --secrets "$secrets" --out "$work/$1.population" ;;
  esac
}

gives_token() {
  bodies "$1" 1
  local type=application/x-www-form-urlencoded
  [ "$1" != assay-batch ] || type=application/json
  # curl is not given the last line break: it would be part of the body.
  head -n 1 "$(bodies_of "$1")" | tr -d '\n' > "$work/one"
  curl -s -m 10 -H "Content-Type: $type" --data-binary "@$work/one" "http://127.0.0.1:$(port_of "$1")$(path_of "$1")" > "$work/first-$1.json"
  grep -q '"access_token"' "$work/first-$1.json"
}

# Assertions are made right before they are sent, as they live 300 s at most here, and for one use.
bodies() { # target, seconds
  local make=(taskset -c "$load_core" dotnet "$work/local/Assay.Local.dll" bodies) rate=12000
  case $1 in
    assay) [ -e "$(bodies_of assay)" ] && [ "$(bodies_of assay)" -nt "$work/assay.population" ] || "${make[@]}" secret --population "$work/assay.population" --identities "$identities" --count "$identities" --out "$(bodies_of assay)" ;;
    assay-pkjwt) "${make[@]}" key --population "$work/assay.population" --identities "$identities" --count $((rate * $2)) --out "$(bodies_of "$1")" ;;
    assay-postgres-pkjwt) "${make[@]}" key --population "$work/assay-postgres.population" --identities "$identities" --count $((rate * $2)) --out "$(bodies_of "$1")" ;;
    assay-batch) "${make[@]}" batch --population "$work/assay.population" --identities "$identities" --batch 64 --count $((1000 * $2)) --out "$(bodies_of "$1")" ;;
    ceiling-pkjwt) [ -e "$(bodies_of "$1")" ] || "${make[@]}" pem --key "$CLIENT_KEY_PEM" --kid c1 --audience http://127.0.0.1:5100 --prefix worker- --identities 1 --count 1 --life 3600 --scope orders.read --out "$(bodies_of "$1")" ;;
    oidc-provider-pkjwt) "${make[@]}" pem --key "$CLIENT_KEY_PEM" --kid c1 --audience "http://127.0.0.1:$(port_of "$1")" --prefix worker- --identities $clients --count $((5000 * $2)) --scope orders.read --out "$(bodies_of "$1")" ;;
    openiddict-postgres-pkjwt) "${make[@]}" pem --key "$CLIENT_KEY_PEM" --kid c1 --audience https://issuer.example/ --prefix worker- --identities $clients --count $((5000 * $2)) --scope orders.read --out "$(bodies_of "$1")" ;;
  esac
}

pids_of() {
  local server; server=$(server_of "$1")
  cat "$work/$server.pid"
  case $server in
    *postgres*) head -n 1 "$(cat "$work/pg.folder")/data/postmaster.pid" ;;
  esac
}

load() {
  local target=$1 type=application/x-www-form-urlencoded
  shift
  [ "$target" != assay-batch ] || type=application/json
  # Every token of a batch: one answer with fewer is an error.
  local tokens=1
  case $target in batch64 | assay-batch) tokens=64 ;; esac
  taskset -c "$load_core" "$work/tokload" -p "$(port_of "$target")" -u "$(path_of "$target")" -T $type -n $tokens -B "$(bodies_of "$target")" -P "$(pids_of "$target" | paste -sd,)" -l "$target" "$@"
}

# A server that still works off its backlog would be charged to the next one.
ticks() { local sum=0 pid; for pid in $(pids_of "$1") $(pgrep -P "$(pids_of "$1" | paste -sd,)"); do sum=$((sum + $(awk '{ print $14 + $15 }' "/proc/$pid/stat" 2> /dev/null || echo 0))); done; echo $sum; }
settle() {
  local i before
  for ((i = 0; i < 40; i++)); do
    before=$(ticks "$1")
    sleep 0.2
    [ $(($(ticks "$1") - before)) -gt 1 ] || return 0
  done
}

stop_all() {
  local file
  for file in "$work"/*.pid; do
    [ -e "$file" ] || continue
    kill "$(cat "$file")" 2> /dev/null || true
    rm -f "$file"
  done
  if [ -e "$work/pg.folder" ]; then
    local folder; folder=$(cat "$work/pg.folder")
    (cd / && "${pg_as[@]}" "$(pg_bin)/pg_ctl" stop -m immediate -D "$folder/data" > /dev/null 2>&1) || true
    rm -rf "$folder" "$work/pg.folder"
  fi
}
