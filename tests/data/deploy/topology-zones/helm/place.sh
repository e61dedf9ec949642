#!/usr/bin/env bash
# Made by kinetune VERSION: kinetune render topology --nodes 6
#
# Run once when all releases run: sets the placement of copies and the preferred place of leaders.
set -euo pipefail

masters=yb-master-0.yb-masters.yb-us-east-1a.svc.cluster.local:7100,yb-master-0.yb-masters.yb-us-east-1b.svc.cluster.local:7100,yb-master-0.yb-masters.yb-us-east-1c.svc.cluster.local:7100
admin() { kubectl -n yb-us-east-1a exec yb-master-0 -c yb-master -- /home/yugabyte/bin/yb-admin -master_addresses "$masters" "$@"; }

admin modify_placement_info aws.us-east-1.us-east-1a,aws.us-east-1.us-east-1b,aws.us-east-1.us-east-1c 3
admin set_preferred_zones aws.us-east-1.us-east-1a:1 aws.us-east-1.us-east-1b:2 aws.us-east-1.us-east-1c:3
admin get_universe_config
