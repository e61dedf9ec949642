#!/usr/bin/env bash
# {{ made }}
#
#   ./yugabyted.sh start NUMBER ADDRESS [JOIN]   node NUMBER on this machine; all but the first join a node that runs
#   ./yugabyted.sh place                         once, when all run: {{ v.copies }} copies, leaders where Kine is
set -euo pipefail

base_dir={{ (v.base_dir or "/var/lib/yugabytedb")|shell }}
zones=({{ places|map("string")|map("shell")|join(" ") }})

# ysql_sequence_cache_minval=1 before Kine's table exists: with 100 a kube-apiserver dies while it starts.
# transaction_tables_use_preferred_zones: else every commit travels to a leader that may be anywhere.
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

# A place's number after the colon is its turn: leaders are in the first, and move to the second when it is lost.
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
