from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from kinetune.formatting import format_bytes, format_number, format_percent
from kinetune.kine.keyspace import GAP, resource_name
from kinetune.model.facts import Growth
from kinetune.model.finding import Remark, Severity
from kinetune.rules.rule import rule

MANY = 20_000  # with fewer revisions the whole store is small
SHARE = 0.5

ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "events": "kubectl get events -A --sort-by=.lastTimestamp | tail shows who writes them; "
        "kube-apiserver --event-ttl=1h keeps them for one hour",
        "leases": "kubectl get leases -A; use longer lease durations and fewer replicas of controllers",
        "secrets": "kubectl get secrets -A --field-selector type=helm.sh/release.v1; use helm upgrade --history-max 3",
        "configmaps": "kubectl get configmaps -A; upgrade operators that use ConfigMaps for leader election",
        "pods": "kubectl get pods -A --field-selector status.phase!=Running; set ttlSecondsAfterFinished of CronJobs",
        "jobs": "kubectl get jobs -A; set successfulJobsHistoryLimit and ttlSecondsAfterFinished",
        "replicasets": "kubectl get replicasets -A; lower revisionHistoryLimit of Deployments (default 10)",
        "controllerrevisions": "kubectl get controllerrevisions -A; lower revisionHistoryLimit of StatefulSets, "
        "DaemonSets",
        "endpointslices": "kubectl get endpointslices -A; a readiness probe that flaps rewrites them each time",
        "nodes": "kubectl get nodes -w shows what changes; raise nodeStatusReportFrequency of kubelet",
    }
)


@rule("KT506", Severity.INFO)
def dominant_resource(growth: Growth) -> Iterator[Remark]:
    """
    One resource has most of the revisions in the store.

    Why it matters
        A controller writes too often or keeps too many objects. It determines the load of every watch, and compaction
        mostly works for it. Reducing lease renewals fixed a store of 990,000 rows (k3s#9256).

    What to do
        Find the writer: kubectl get RESOURCE -A -w shows changes as they happen, metadata.managedFields names the
        writer. For common resources the finding says what to change.

    When to ignore
        The cluster exists for this resource: pods in a CI cluster, custom resources in a store for them.

    Source
        Shares of the sampled rows by key prefix, estimated for the whole table.
    """
    total = sum(resource.revisions for resource in growth.resources)
    for resource in growth.resources:
        # KT503 reports gap rows.
        if resource.prefix != GAP and resource.revisions > max(MANY, SHARE * total):
            name = resource_name(resource.prefix)
            yield Remark(
                on=resource.prefix,
                says=f"{name} have {format_percent(resource.revisions, total)} of the revisions, about "
                f"{format_number(resource.revisions)} with {format_bytes(resource.bytes)} of values",
                do=ADVICE.get(name, f"kubectl get {name} -A -w shows who changes them"),
            )
