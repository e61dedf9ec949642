#!/bin/sh
# Three nodes on one machine.
set -eu

docker network create yb
docker run -d --name yb-node1 --hostname yb-node1 --net yb -p 15433:15433 -p 5433:5433 \
  yugabytedb/yugabyte:2025.2.8.0-b60 bin/yugabyted start --tserver_flags=ysql_sequence_cache_minval=1 \
  --cloud_location=dc.home.rack1 --background=false
docker run -d --name yb-node2 --hostname yb-node2 --net yb \
  yugabytedb/yugabyte:2025.2.8.0-b60 bin/yugabyted start --tserver_flags=ysql_sequence_cache_minval=1 \
  --cloud_location=dc.home.rack2 --background=false --join=yb-node1
docker run -d --name yb-node3 --hostname yb-node3 --net yb \
  yugabytedb/yugabyte:2025.2.8.0-b60 bin/yugabyted start --tserver_flags=ysql_sequence_cache_minval=1 \
  --cloud_location=dc.home.rack3 --background=false --join=yb-node1
docker exec yb-node1 bin/yugabyted configure data_placement --fault_tolerance=zone --rf=3 \
  --constraint_value=dc.home.rack1,dc.home.rack2,dc.home.rack3
cat <<EOM
Now run: docker run yugabytedb/yugabyte:latest "quote that never ends
EOM
