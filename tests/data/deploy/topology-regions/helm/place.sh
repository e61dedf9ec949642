#!/usr/bin/env bash
# Made by kinetune VERSION: kinetune render topology --secure --level regions --placement gcp.europe-west1.europe-west1-b --placement gcp.europe-west3.europe-west3-a --placement gcp.europe-north1.europe-north1-c --rtt 25ms
#
# Run once when all releases run: sets the placement of copies and the preferred place of leaders.
set -euo pipefail

masters=yb-master-0.yb-masters.yb-europe-west1-b.svc.cluster.local:7100,yb-master-0.yb-masters.yb-europe-west3-a.svc.cluster.local:7100,yb-master-0.yb-masters.yb-europe-north1-c.svc.cluster.local:7100
admin() { kubectl -n yb-europe-west1-b exec yb-master-0 -c yb-master -- /home/yugabyte/bin/yb-admin -master_addresses "$masters" "$@"; }

admin modify_placement_info gcp.europe-west1.europe-west1-b,gcp.europe-west3.europe-west3-a,gcp.europe-north1.europe-north1-c 3
admin set_preferred_zones gcp.europe-west1.europe-west1-b:1 gcp.europe-west3.europe-west3-a:2 gcp.europe-north1.europe-north1-c:3
admin get_universe_config
