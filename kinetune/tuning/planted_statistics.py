"""
Statistics for a table that has no rows yet, on YugabyteDB.

ANALYZE of an empty table leaves reltuples at 0. With 0 the planner reads the whole table to find one name, even after
the table has grown (docs/facts/measured.md §9). So rows with the shape of a cluster are inserted, analysed and deleted
again. The statistics stay: these releases have no automatic ANALYZE, and DELETE does not change statistics.

The rows have ids below 1, which no query of Kine reads. The storage keeps deleted rows for 15 minutes; with high ids,
each MAX(id) would have to skip them. Indexes are built afterwards and never contain these rows.

The rows belong to 40 resources of equal size. The planner then expects few rows for every prefix and joins in batches
through the index on names. With five resources it reads kine_pkey for the later pages of v0.17.5 (101 ms instead of
48). It does the same with statistics of real rows, where one resource has most of them (docs/facts/measured.md §11).
"""

from __future__ import annotations

from kinetune.model.script import Step
from kinetune.model.server import Server
from kinetune.servers.yugabytedb import PLANTED_ROWS
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
# Several revisions per object, as in a cluster: the planner estimates the rows of a name from this ratio.
OBJECTS = PLANTED_ROWS // REVISIONS // len(RESOURCES)
WHY = (
    f"{PLANTED_ROWS:,} rows with the shape of a cluster and ids below 1 are analysed and deleted again: with the "
    "statistics of an empty table each write of Kine would read the whole table, and YugabyteDB does not analyse it "
    "later (--no-plant-statistics skips this)"
)


def plant_statistics_step(table: str, server: Server) -> Step:
    """
    Plant statistics in the table of this quoted name. It has no index except its key, and no Kine can open it yet.

    An interrupted run leaves rows in it: the next run drops the table and starts again.
    """
    values = {"table": table, "resources": RESOURCES, "objects": OBJECTS, "revisions": REVISIONS}
    return Step(
        does=f"plant statistics in {table}",
        why=WHY,
        statements=(
            statements.render_statement(server, "plant", **values),
            # Before the rows are deleted: the statistics describe the planted rows.
            f"ANALYZE {table}",
            f"DELETE FROM {table} WHERE id < 1",  # noqa: S608 - a quoted name
        ),
        locks="nothing: the table is not in use",
    )
