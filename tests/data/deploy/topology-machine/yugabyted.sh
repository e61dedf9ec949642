#!/usr/bin/env bash
# Made by kinetune VERSION: kinetune render topology --level machine
#
#   ./yugabyted.sh start NUMBER ADDRESS [JOIN]   node NUMBER on this machine; all but the first join a node that runs
#   ./yugabyted.sh place                         once, when all run: 3 copies, leaders where Kine is
set -euo pipefail

base_dir=/var/lib/yugabytedb
zones=(local.machine.node1 local.machine.node2 local.machine.node3)

# ysql_sequence_cache_minval=1 before Kine's table exists: with 100 a kube-apiserver dies while it starts.
# transaction_tables_use_preferred_zones: else every commit travels to a leader that may be anywhere.
start() {
  local number=$1 address=$2 join=${3:-}
  set -- --base_dir="$base_dir/node$number" --advertise_address="$address" \
    --cloud_location="${zones[$(((number - 1) % 3))]}" \
    --fault_tolerance=zone \
    --tserver_flags=ysql_sequence_cache_minval=1,durable_wal_write=true \
    --master_flags=transaction_tables_use_preferred_zones=true
  [ -z "$join" ] || set -- "$@" --join="$join"
  yugabyted start "$@"
}

# A place's number after the colon is its turn: leaders are in the first, and move to the second when it is lost.
place() {
  yugabyted configure data_placement --base_dir="$base_dir/node1" --fault_tolerance=zone \
    --constraint_value=local.machine.node1:1,local.machine.node2:2,local.machine.node3:3 --rf=3
}

case ${1:-} in
  start) start "${2:?NUMBER}" "${3:?ADDRESS}" "${4:-}" ;;
  place) place ;;
  *)
    echo "usage: $0 start NUMBER ADDRESS [JOIN] | place" >&2
    exit 2
    ;;
esac
