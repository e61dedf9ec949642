"""YugabyteDB's ysql_sequence_cache_minval: the least cache that a sequence gets where it is made or altered."""

from __future__ import annotations

from collections.abc import Mapping

from kinetune.model.cluster import Cluster
from kinetune.model.facts import Facts, Probe, Unknown

SEQUENCE_FLAG = "ysql_sequence_cache_minval"
SEQUENCE_FLAG_LINES: Mapping[str, str] = {
    "yugabyted": f'yugabyted start --tserver_flags="{SEQUENCE_FLAG}=1" …',
    "Helm": f"helm upgrade … --set gflags.tserver.{SEQUENCE_FLAG}=1",
    "compose": f"command: yugabyted start --background=false --tserver_flags={SEQUENCE_FLAG}=1",
    "yb-tserver": f"yb-tserver --{SEQUENCE_FLAG}=1 …",
}
"""How each way of starting a tserver sets it; only a restart brings it to SQL (facts/yugabytedb.md §2.4)."""


def least_caches(facts: Facts) -> Mapping[str, int | None]:
    """
    Node of YugabyteDB → the cache that a sequence gets there at least: what a new one showed, else what HTTP told of
    the flag, else None.
    """
    told = {node.name: _told(node.flags) for node in facts.cluster.nodes} if isinstance(facts.cluster, Cluster) else {}
    if not isinstance(facts.probe, Probe):
        return told
    return told | dict(facts.probe.caches or {"the node that was probed": facts.probe.cache})


def _told(flags: Mapping[str, str] | Unknown) -> int | None:
    value = "" if isinstance(flags, Unknown) else flags.get(SEQUENCE_FLAG, "")
    return int(value) if value.isdecimal() else None
