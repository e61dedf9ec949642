#!/bin/sh
# Made by kinetune VERSION: kinetune render kine --endpoint 'postgres://kine@db1:5433,db2:5433,db3:5433/kubernetes?sslmode=verify-full' --servers 3 --max-connections 60 --slow-sql 500ms --ca-file /etc/kine/ca.crt --cert-file /etc/kine/kine.crt --key-file /etc/kine/kine.key
#
# Kine as a container, with the host network because its ports are on loopback. /etc/kine/pgpass is mounted if it exists.
set -eu
set -- \
  -e 'KINE_ENDPOINT=postgres://kine@db1:5433,db2:5433,db3:5433/kubernetes?sslmode=verify-full' \
  -e PGPASSFILE=/etc/kine/pgpass \
  -e KINE_CA_FILE=/etc/kine/ca.crt \
  -e KINE_CERT_FILE=/etc/kine/kine.crt \
  -e KINE_KEY_FILE=/etc/kine/kine.key \
  -e KINE_DATASTORE_MAX_OPEN_CONNECTIONS=16 \
  -e KINE_DATASTORE_MAX_IDLE_CONNECTIONS=16 \
  -e KINE_SLOW_SQL_THRESHOLD=500ms \
  -v /etc/kine/ca.crt:/etc/kine/ca.crt:ro \
  -v /etc/kine/kine.crt:/etc/kine/kine.crt:ro \
  -v /etc/kine/kine.key:/etc/kine/kine.key:ro \
  rancher/kine:v0.16.4 \
  --listen-address=127.0.0.1:2379 --metrics-bind-address=127.0.0.1:8080 --compact-interval=0s
[ ! -e /etc/kine/pgpass ] || set -- -v /etc/kine/pgpass:/etc/kine/pgpass:ro "$@"
exec docker run -d --name kine --network host --restart unless-stopped "$@"
