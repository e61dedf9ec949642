#!/usr/bin/env bash
# {{ made }}
#
# Run once when all releases run: sets the placement of copies and the preferred place of leaders.
set -euo pipefail

masters={{ masters|shell }}
admin() { kubectl -n {{ places[0].namespace|shell }} exec yb-master-0 -c yb-master -- /home/yugabyte/bin/yb-admin -master_addresses "$masters" "$@"; }

admin modify_placement_info {{ (places|join(","))|shell }} {{ v.copies }}
admin set_preferred_zones {% for place in places %}{{ (place ~ ":" ~ place.order)|shell }}{{ " " if not loop.last }}{% endfor %}

admin get_universe_config
