"""
Statistics for a table that has no rows yet, on YugabyteDB.

ANALYZE of an empty table leaves reltuples at 0, and with 0 the planner reads the whole table to look up one name, long
after the table has grown (measured.md §9). So rows shaped like a cluster are put in, analysed and deleted again: the
statistics stay, because nothing on these releases analyses by itself and DELETE keeps them.

The rows have ids below 1, which no query of Kine reads: the storage keeps deleted rows for a quarter of an hour, and at
the top each MAX(id) would walk over them. Indexes are built afterwards and never hold them.

Forty resources, each with a fortieth of the rows: the planner then takes every prefix for small and joins in batches
through the index on names. With five resources it reads kine_pkey for the later pages of v0.17.5 (101 ms, not 48), and
with a store of real rows, where one resource holds most, so it does as well (measured.md §11).
"""

from __future__ import annotations

from kinetune.model.script import Step
from kinetune.model.server import Server
from kinetune.servers.statistics import PLANTED_ROWS
from kinetune.tuning import statements

RESOURCES = (
    "apiregistration.k8s.io/apiservices", "clusterrolebindings", "clusterroles", "configmaps", "controllerrevisions",
    "cronjobs", "csinodes", "daemonsets", "deployments", "endpointslices", "events", "flowschemas", "helmcharts",
    "horizontalpodautoscalers", "ingress", "jobs", "k3s.cattle.io/addons", "leases", "limitranges", "masterleases",
    "minions", "namespaces", "networkpolicies", "persistentvolumeclaims", "persistentvolumes", "poddisruptionbudgets",
    "pods", "podtemplates", "priorityclasses", "prioritylevelconfigurations", "ranges", "replicasets",
    "resourcequotas", "rolebindings", "roles", "secrets", "serviceaccounts", "services", "statefulsets",
    "storageclasses",
)  # fmt: skip
REVISIONS = 5
OBJECTS = PLANTED_ROWS // REVISIONS // len(RESOURCES)
WHY = (
    f"{PLANTED_ROWS:,} rows shaped like a cluster, below id 1, analysed and deleted again: with the statistics of an "
    "empty table each write of Kine reads the whole table, and nothing analyses it later (--no-plant-statistics leaves "
    "this out)"
)


def planting(table: str, server: Server) -> Step:
    """
    For a table by its quoted name that has no index but its key and that no Kine can open yet.

    Cut short, it leaves rows: whoever finds the table begins anew.
    """
    values = {"table": table, "resources": RESOURCES, "objects": OBJECTS, "revisions": REVISIONS}
    return Step(
        does=f"plant statistics in {table}",
        why=WHY,
        statements=(
            statements.schema(server, "plant", **values),
            f"ANALYZE {table}",
            f"DELETE FROM {table} WHERE id < 1",  # noqa: S608 - a quoted name
        ),
        locks="nothing: nobody uses the table",
    )
