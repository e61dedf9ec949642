#!/usr/bin/env bash
# Made by kinetune VERSION: kinetune render yugabyted --plain
#
# 3 nodes of YugabyteDB on this machine, without containers; 3 copies of each row.
#   ./yugabyted.sh up        start the nodes, also after `down`, and wait until they accept connections
#   ./yugabyted.sh status
#   ./yugabyted.sh down      stop the nodes and keep the data
#   ./yugabyted.sh destroy   stop the nodes and delete the data
# Unpack YugabyteDB 2025.2.8.0-b60, run its bin/post_install.sh once, and put its bin folder on the PATH.
# On macOS run `sudo ifconfig lo0 alias 127.0.0.2` first, and so on for each node.
# Without --secure the database has no password; it listens on loopback addresses only.
set -euo pipefail

base_dir=/var/lib/yugabytedb
nodes=3
copies=3

# Node $1. The sequence flag must be 1 on every node before Kine's table exists: with the default of 100 a
# kube-apiserver dies at its start, and acknowledged objects are lost.
start() {
  set -- "$1" --base_dir="$base_dir/node$1" --advertise_address="127.0.0.$1" \
    --tserver_flags=ysql_sequence_cache_minval=1 \
    --cloud_location="local.machine.zone$1" --fault_tolerance=zone
  [ "$1" -eq 1 ] || set -- "$@" --join=127.0.0.1
  shift
  yugabyted start "$@"
}

sql() { "$(dirname "$(command -v yugabyted)")/ysqlsh" -h "127.0.0.$1" -U yugabyte -d yugabyte -Atc "$2"; }

joined() { [ "$(sql 1 'SELECT count(*) FROM yb_servers()' 2>/dev/null)" = "$nodes" ]; }

answers() { sql "$1" 'SELECT 1' >/dev/null 2>&1; }

# Repeat the command after $1 until it succeeds, for at most five minutes.
wait_for() {
  local what=$1 deadline=$((SECONDS + 300))
  shift
  until "$@"; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      echo "$what: not ready within five minutes; see $base_dir/node1/logs" >&2
      return 1
    fi
    sleep 2
  done
}

up() {
  local number
  mkdir -p -- "$base_dir"
  for ((number = 1; number <= nodes; number++)); do
    start "$number"
    wait_for "node $number" answers "$number"
  done
  wait_for "$nodes nodes" joined
  yugabyted configure data_placement --base_dir="$base_dir/node1" --fault_tolerance=zone --rf="$copies"
  status
  echo "Next: kinetune init 'postgres://yugabyte@127.0.0.1:5433/kubernetes'"
}

status() {
  echo "$nodes node(s), replication factor $copies: SQL 127.0.0.1:5433, UI http://127.0.0.1:15433"
  sql 1 'SELECT host, port, zone FROM yb_servers() ORDER BY host'
}

each() {
  local number
  for ((number = nodes; number >= 1; number--)); do yugabyted "$1" --base_dir="$base_dir/node$number" || true; done
}

case ${1:-up} in
  up | status) "${1:-up}" ;;
  down) each stop ;;
  destroy) each destroy ;;
  *)
    echo "usage: $0 [up|status|down|destroy]" >&2
    exit 2
    ;;
esac
