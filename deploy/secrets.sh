#!/bin/sh
# secrets.sh FOLDER SILO...: makes what a cluster needs to start, with openssl, and keeps what is there already.
#
#   FOLDER/authority/authority.key, authority.crt   the cluster's authority: whoever has its key can add a silo. Silos need only the certificate.
#   FOLDER/cluster/authority.crt                    its certificate, for every silo
#   FOLDER/cluster/kek                              the key-encryption key, for every silo: keep a copy elsewhere, nothing opens without it
#   FOLDER/cluster/pgpass, FOLDER/database/password the password of the database, for silos and for the database
#   FOLDER/SILO/silo.key, silo.crt                  one certificate per silo; made anew when it ends within RENEW_DAYS
#
# DAYS (365) is the life of a silo's certificate, RENEW_DAYS (60), DATABASE_HOST (database), OWNER (user:group; as they fall when not set).
set -eu
umask 077
folder=$1
shift
days=${DAYS:-365}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

put() { # TARGET: the standard input, whole or not at all
  cat > "$1.new" && mv "$1.new" "$1"
}

mkdir -p "$folder/authority" "$folder/cluster" "$folder/database"
cat > "$work/openssl.cnf" <<'END'
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[silo]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:silo.assay.internal
authorityKeyIdentifier = keyid
END

if [ ! -s "$folder/authority/authority.crt" ]; then
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | put "$folder/authority/authority.key"
  openssl req -x509 -new -sha256 -days 3650 -subj "/CN=Assay cluster authority" -key "$folder/authority/authority.key" \
    -config "$work/openssl.cnf" -extensions authority | put "$folder/authority/authority.crt"
fi
[ -s "$folder/cluster/authority.crt" ] || put "$folder/cluster/authority.crt" < "$folder/authority/authority.crt"
[ -s "$folder/cluster/kek" ] || openssl rand -base64 32 | tr '+/' '-_' | tr -d '=' | put "$folder/cluster/kek"
[ -s "$folder/database/password" ] || openssl rand -hex 32 | put "$folder/database/password"
[ -s "$folder/cluster/pgpass" ] || printf '%s:*:*:assay:%s\n' "${DATABASE_HOST:-database}" "$(cat "$folder/database/password")" | put "$folder/cluster/pgpass"

for silo in "$@"; do
  mkdir -p "$folder/$silo"
  if [ ! -s "$folder/$silo/silo.crt" ] || ! openssl x509 -in "$folder/$silo/silo.crt" -noout -checkend $((${RENEW_DAYS:-60} * 86400)) > /dev/null; then
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 > "$work/silo.key"
    openssl req -new -sha256 -subj "/CN=$silo" -key "$work/silo.key" -config "$work/openssl.cnf" > "$work/silo.csr"
    openssl x509 -req -sha256 -days "$days" -in "$work/silo.csr" -CA "$folder/authority/authority.crt" -CAkey "$folder/authority/authority.key" \
      -set_serial "0x$(openssl rand -hex 16)" -extfile "$work/openssl.cnf" -extensions silo > "$work/silo.crt"
    put "$folder/$silo/silo.key" < "$work/silo.key"
    put "$folder/$silo/silo.crt" < "$work/silo.crt"
    echo "made a certificate for $silo, good for $days days"
  fi
done

[ -z "${OWNER:-}" ] || chown -R "$OWNER" "$folder"
