from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from kinetune.formatting import format_bytes, format_percent
from kinetune.kine.keyspace import GAP, words
from kinetune.model.facts import Growth
from kinetune.model.finding import Remark, Severity
from kinetune.plans.numbers import count
from kinetune.rules.rule import rule

MANY = 20_000  # below it the whole store is small
SHARE = 0.5

ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "events": "kubectl get events -A --sort-by=.lastTimestamp | tail shows who writes them; kube-apiserver's "
        "--event-ttl=1h keeps them for an hour",
        "leases": "kubectl get leases -A: longer lease durations for controllers, fewer replicas that elect leaders",
        "secrets": "kubectl get secrets -A --field-selector type=helm.sh/release.v1: helm upgrade --history-max 3",
        "configmaps": "kubectl get configmaps -A: old operators elect leaders with them, new ones with leases",
        "pods": "kubectl get pods -A --field-selector status.phase!=Running: CronJobs' ttlSecondsAfterFinished",
        "jobs": "kubectl get jobs -A: successfulJobsHistoryLimit and ttlSecondsAfterFinished",
        "replicasets": "kubectl get replicasets -A: revisionHistoryLimit of the Deployments, 10 unless set",
        "controllerrevisions": "kubectl get controllerrevisions -A: revisionHistoryLimit of StatefulSets, DaemonSets",
        "endpointslices": "kubectl get endpointslices -A: a readiness probe that flaps rewrites them each time",
        "nodes": "kubectl get nodes -w shows what changes: kubelet's nodeStatusReportFrequency, image lists",
    }
)


@rule("KT506", Severity.INFO)
def largest_resource(growth: Growth) -> Iterator[Remark]:
    """
    No single resource fills the store.

    Why it matters
        When most revisions belong to one resource, some controller writes too often or keeps too much: it sets the
        pace for every watch, and compaction works for it alone. Cutting lease churn mended a store of 990,000 rows
        (k3s#9256).

    What to do
        Find who writes: kubectl get RESOURCE -A -w shows changes as they come, metadata.managedFields names the
        writer. For the usual ones the remark says what to set.

    When to ignore
        The resource is what the cluster is for: a CI cluster has pods, a store of custom resources has those.

    Source
        Shares of the sampled rows by key prefix, estimated for the whole table.
    """
    every = sum(resource.revisions for resource in growth.resources)
    for resource in growth.resources:
        if resource.prefix != GAP and resource.revisions > max(MANY, SHARE * every):
            name = words(resource.prefix)
            yield Remark(
                on=resource.prefix,
                says=f"{name} are {format_percent(resource.revisions, every)} of the revisions, about "
                f"{count(resource.revisions)} with {format_bytes(resource.bytes)} of values",
                do=ADVICE.get(name, f"kubectl get {name} -A -w shows who changes them"),
            )
