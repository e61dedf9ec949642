#!/usr/bin/env bash
# Made by kinetune VERSION: kinetune render topology --nodes 5 --rf 5 --level regions
#
#   ./yugabyted.sh start NUMBER ADDRESS [JOIN]   start node NUMBER on this machine; all but the first join a running node
#   ./yugabyted.sh place                         run once when all nodes run: 5 copies, leaders beside Kine
set -euo pipefail

base_dir=/var/lib/yugabytedb
zones=(aws.us-east-1.us-east-1a aws.us-east-2.us-east-2a aws.us-west-2.us-west-2a aws.ca-central-1.ca-central-1a aws.eu-west-1.eu-west-1a)

# ysql_sequence_cache_minval=1 is required before Kine's table exists: with 100 a kube-apiserver dies at its start.
# transaction_tables_use_preferred_zones: without it each commit may wait for a leader in any place.
start() {
  local number=$1 address=$2 join=${3:-}
  set -- --base_dir="$base_dir/node$number" --advertise_address="$address" \
    --cloud_location="${zones[$(((number - 1) % 5))]}" \
    --fault_tolerance=region \
    --tserver_flags=ysql_sequence_cache_minval=1 \
    --master_flags=transaction_tables_use_preferred_zones=true
  [ -z "$join" ] || set -- "$@" --join="$join"
  yugabyted start "$@"
}

# The number after the colon is the order of preference: leaders are in place 1, and move to place 2 if it is lost.
place() {
  yugabyted configure data_placement --base_dir="$base_dir/node1" --fault_tolerance=region \
    --constraint_value=aws.us-east-1.us-east-1a:1,aws.us-east-2.us-east-2a:2,aws.us-west-2.us-west-2a:3,aws.ca-central-1.ca-central-1a:4,aws.eu-west-1.eu-west-1a:5 --rf=5
}

case ${1:-} in
  start) start "${2:?NUMBER}" "${3:?ADDRESS}" "${4:-}" ;;
  place) place ;;
  *)
    echo "usage: $0 start NUMBER ADDRESS [JOIN] | place" >&2
    exit 2
    ;;
esac
