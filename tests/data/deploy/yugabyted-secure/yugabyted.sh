#!/usr/bin/env bash
# Made by kinetune VERSION: kinetune render yugabyted --nodes 5 --rf 5 --name kine-db --secure
#
# 5 nodes of YugabyteDB in Docker on this machine, 5 copies of each row.
#   ./yugabyted.sh up        start the nodes, also after `down`, and wait until they accept connections
#   ./yugabyted.sh status
#   ./yugabyted.sh down      remove the containers and keep the data
#   ./yugabyted.sh destroy   remove the containers and the data
# Ports are open on 127.0.0.1 only.
# The password of user yugabyte is read from the environment: export YSQL_PASSWORD before `up` and `status`.
# It survives the loss of a process, not of the machine: for that see `kinetune render topology`.
set -euo pipefail

image=yugabytedb/yugabyte:2025.2.8.0-b60
name=kine-db
nodes=5
copies=5
network="$name"

node() { echo "$name-node$1"; }

data() { echo "$name-data$1"; }

make_data() { docker volume create "$(data "$1")" >/dev/null; }

remove_data() { docker volume rm "$(data "$1")" >/dev/null; }

here() { docker container inspect "$(node "$1")" >/dev/null 2>&1; }

# Node $1. The sequence flag must be 1 on every node before Kine's table exists: with the default of 100 a
# kube-apiserver dies at its start, and acknowledged objects are lost.
start() {
  if here "$1"; then
    docker start "$(node "$1")" >/dev/null
    return
  fi
  make_data "$1"
  set -- "$1" bin/yugabyted start --base_dir=/home/yugabyte/yb_data --background=false \
    --advertise_address="$(node "$1")" --tserver_flags=ysql_sequence_cache_minval=1 \
    --cloud_location="local.machine.zone$1" --fault_tolerance=zone --secure
  [ "$1" -eq 1 ] || set -- "$@" --join="$(node 1)"
  local number=$1
  shift
  docker run -d --name "$(node "$number")" --hostname "$(node "$number")" --net "$network" --restart unless-stopped \
    -p "127.0.0.1:$((15432 + number)):15433" -p "127.0.0.1:$((6999 + number)):7000" \
    -p "127.0.0.1:$((8999 + number)):9000" -p "127.0.0.1:$((5432 + number)):5433" \
    -p "127.0.0.1:$((12999 + number)):13000" -v "$(data "$number"):/home/yugabyte/yb_data" \
    -e YSQL_PASSWORD "$image" "$@" >/dev/null
}

ready() { docker exec "$(node "$1")" postgres/bin/pg_isready -q -h "$(node "$1")" -p 5433; }

sql() { docker exec -e PGPASSWORD "$(node 1)" bin/ysqlsh -h "$(node 1)" -U yugabyte -d yugabyte -Atc "$1"; }

joined() { [ "$(sql 'SELECT count(*) FROM yb_servers()' 2>/dev/null)" = "$nodes" ]; }

# Repeat the command after $1 until it succeeds, for at most five minutes.
wait_for() {
  local what=$1 deadline=$((SECONDS + 300))
  shift
  until "$@"; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      echo "$what: not ready within five minutes; see: docker logs $(node 1)" >&2
      return 1
    fi
    sleep 2
  done
}

# Create one certificate authority and a certificate for each node before the first start.
certificates() {
  local number hosts="" mounts=()
  for ((number = 1; number <= nodes; number++)); do
    make_data "$number"
    hosts+="${hosts:+,}$(node "$number")"
    mounts+=(-v "$(data "$number"):/nodes/$number")
  done
  # shellcheck disable=SC2016 # the container's own shell reads it
  docker run --rm "${mounts[@]}" "$image" bash -c '
    set -eu
    [ ! -e /nodes/1/certs/ca.crt ] || exit 0
    bin/yugabyted cert generate_server_certs --hostnames="$1" --base_dir=/nodes/1
    number=1
    for host in ${1//,/ }; do
      mkdir -p "/nodes/$number/certs"
      cp "/nodes/1/generated_certs/$host"/* "/nodes/$number/certs"
      number=$((number + 1))
    done' bash "$hosts"
}

up() {
  local number
  docker network inspect "$network" >/dev/null 2>&1 || docker network create "$network" >/dev/null
  certificates
  for ((number = 1; number <= nodes; number++)); do
    start "$number"
    wait_for "$(node "$number")" ready "$number"
  done
  wait_for "$nodes nodes" joined
  docker exec "$(node 1)" bin/yugabyted configure data_placement --base_dir=/home/yugabyte/yb_data \
    --fault_tolerance=zone --rf="$copies"
  status
  echo
  docker cp "$(node 1):/home/yugabyte/yb_data/certs/ca.crt" ca.crt
  echo "The certificate authority is in ./ca.crt. Next:"
  echo "  PGPASSWORD=... kinetune init 'postgres://yugabyte@127.0.0.1:5433/kubernetes?sslmode=require'"
}

status() {
  echo "$nodes node(s), replication factor $copies: SQL 127.0.0.1:5433, UI http://127.0.0.1:15433"
  sql 'SELECT host, port, zone FROM yb_servers() ORDER BY host'
}

down() {
  local number
  for ((number = nodes; number >= 1; number--)); do
    if here "$number"; then docker rm -f "$(node "$number")" >/dev/null; fi
  done
  if docker network inspect "$network" >/dev/null 2>&1; then docker network rm "$network" >/dev/null; fi
}

destroy() {
  local number
  down
  for ((number = 1; number <= nodes; number++)); do remove_data "$number" || true; done
}

case ${1:-up} in
  up | status)
    : "${YSQL_PASSWORD:?export it: the password of user yugabyte}"
    export YSQL_PASSWORD PGPASSWORD=$YSQL_PASSWORD
    ;;
esac

case ${1:-up} in
  up | status | down | destroy) "${1:-up}" ;;
  *)
    echo "usage: $0 [up|status|down|destroy]" >&2
    exit 2
    ;;
esac
