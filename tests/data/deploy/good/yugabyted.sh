#!/bin/sh
# Three nodes on one machine.
set -eu
IMAGE=yugabytedb/yugabyte:2025.2.8.0-b60
FLAGS="ysql_sequence_cache_minval=1"

docker network create yb
start() {
  docker volume create "$1"
}
docker run -d --name yb-node1 --hostname yb-node1 --net yb -p 15433:15433 -p 5433:5433 \
  "$IMAGE" bin/yugabyted start --tserver_flags="$FLAGS" --cloud_location=dc.home.rack1 --background=false
for n in 2 3; do
  docker run -d --name "yb-node$n" --hostname "yb-node$n" --net yb \
    "$IMAGE" bin/yugabyted start --join=yb-node1 --tserver_flags="$FLAGS" \
    --cloud_location="dc.home.rack$n" --background=false
done
docker exec yb-node1 bin/yugabyted configure data_placement --fault_tolerance=zone --rf=3 \
  --constraint_value=dc.home.rack1,dc.home.rack2,dc.home.rack3
cat <<EOM
Now run: docker run yugabytedb/yugabyte:latest "quote that never ends
EOM
