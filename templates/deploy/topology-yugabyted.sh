#!/usr/bin/env bash
# {{ made }}
#
#   ./yugabyted.sh start NUMBER ADDRESS [JOIN]   start node NUMBER on this machine; all but the first join a running node
#   ./yugabyted.sh place                         run once when all nodes run: {{ v.copies }} copies, leaders beside Kine
set -euo pipefail

base_dir={{ (v.base_dir or "/var/lib/yugabytedb")|shell }}
zones=({{ places|map("string")|map("shell")|join(" ") }})

# ysql_sequence_cache_minval=1 is required before Kine's table exists: with 100 a kube-apiserver dies at its start.
# transaction_tables_use_preferred_zones: without it each commit may wait for a leader in any place.
start() {
  local number=$1 address=$2 join=${3:-}
  set -- --base_dir="$base_dir/node$number" --advertise_address="$address" \
    --cloud_location="${zones[$(((number - 1) % {{ places|length }}))]}" \
    --fault_tolerance={{ tolerance }} \
    --tserver_flags=ysql_sequence_cache_minval=1{{ ",durable_wal_write=true" if v.level == "machine" }} \
    --master_flags=transaction_tables_use_preferred_zones=true{{ " --secure" if v.secure }}
  [ -z "$join" ] || set -- "$@" --join="$join"
  yugabyted start "$@"
}

# The number after the colon is the order of preference: leaders are in place 1, and move to place 2 if it is lost.
place() {
  yugabyted configure data_placement --base_dir="$base_dir/node1" --fault_tolerance={{ tolerance }} \
    --constraint_value={{ constraint|shell }} --rf={{ v.copies }}
}

case ${1:-} in
  start) start "${2:?NUMBER}" "${3:?ADDRESS}" "${4:-}" ;;
  place) place ;;
  *)
    echo "usage: $0 start NUMBER ADDRESS [JOIN] | place" >&2
    exit 2
    ;;
esac
