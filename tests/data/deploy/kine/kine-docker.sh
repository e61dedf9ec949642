#!/bin/sh
# Made by kinetune VERSION: kinetune render kine
#
# Kine as a container, with the host network because its ports are on loopback. /etc/kine/pgpass is mounted if it exists.
set -eu
set -- \
  -e KINE_ENDPOINT=postgres://yugabyte@127.0.0.1:5433/kubernetes \
  -e PGPASSFILE=/etc/kine/pgpass \
  -e KINE_DATASTORE_MAX_OPEN_CONNECTIONS=20 \
  -e KINE_DATASTORE_MAX_IDLE_CONNECTIONS=20 \
  -e KINE_SLOW_SQL_THRESHOLD=1s \
  rancher/kine:v0.16.4 \
  --listen-address=127.0.0.1:2379 --metrics-bind-address=127.0.0.1:8080 --compact-interval=0s
[ ! -e /etc/kine/pgpass ] || set -- -v /etc/kine/pgpass:/etc/kine/pgpass:ro "$@"
exec docker run -d --name kine --network host --restart unless-stopped "$@"
