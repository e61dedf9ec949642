#!/usr/bin/env bash
# Made by kinetune VERSION: kinetune render topology --nodes 5 --rf 5 --level regions
#
# Run once when all releases run: sets the placement of copies and the preferred place of leaders.
set -euo pipefail

masters=yb-master-0.yb-masters.yb-us-east-1a.svc.cluster.local:7100,yb-master-0.yb-masters.yb-us-east-2a.svc.cluster.local:7100,yb-master-0.yb-masters.yb-us-west-2a.svc.cluster.local:7100,yb-master-0.yb-masters.yb-ca-central-1a.svc.cluster.local:7100,yb-master-0.yb-masters.yb-eu-west-1a.svc.cluster.local:7100
admin() { kubectl -n yb-us-east-1a exec yb-master-0 -c yb-master -- /home/yugabyte/bin/yb-admin -master_addresses "$masters" "$@"; }

admin modify_placement_info aws.us-east-1.us-east-1a,aws.us-east-2.us-east-2a,aws.us-west-2.us-west-2a,aws.ca-central-1.ca-central-1a,aws.eu-west-1.eu-west-1a 5
admin set_preferred_zones aws.us-east-1.us-east-1a:1 aws.us-east-2.us-east-2a:2 aws.us-west-2.us-west-2a:3 aws.ca-central-1.ca-central-1a:4 aws.eu-west-1.eu-west-1a:5
admin get_universe_config
