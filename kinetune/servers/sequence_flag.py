"""YugabyteDB's ysql_sequence_cache_minval: the minimum cache of a sequence when it is created or altered."""

from __future__ import annotations

from collections.abc import Mapping

from kinetune.model.cluster import Cluster
from kinetune.model.facts import Facts, SequenceProbe
from kinetune.model.unknown import Unknown

SEQUENCE_FLAG = "ysql_sequence_cache_minval"
SEQUENCE_FLAG_LINES: Mapping[str, str] = {
    "yugabyted": f'yugabyted start --tserver_flags="{SEQUENCE_FLAG}=1" …',
    "Helm": f"helm upgrade … --set gflags.tserver.{SEQUENCE_FLAG}=1",
    "compose": f"command: yugabyted start --background=false --tserver_flags={SEQUENCE_FLAG}=1",
    "yb-tserver": f"yb-tserver --{SEQUENCE_FLAG}=1 …",
}
"""How to set it for each way of starting a tserver. Effective after a restart (docs/facts/yugabytedb.md §2.4)."""


def minimum_caches(facts: Facts) -> Mapping[str, int | None]:
    """
    Node of YugabyteDB → the minimum cache of a sequence there: the cache of a new sequence (--probe), else the flag
    over HTTP, else None.
    """
    nodes = facts.cluster.nodes if isinstance(facts.cluster, Cluster) else ()
    flags = {node.name: _read_flag(node.flags) for node in nodes}
    if not isinstance(facts.probe, SequenceProbe):
        return flags
    # The probe shows the value in effect; HTTP may show one that is only effective after a restart.
    return flags | dict(facts.probe.caches or {"the probed node": facts.probe.cache})


def _read_flag(flags: Mapping[str, str] | Unknown) -> int | None:
    value = "" if isinstance(flags, Unknown) else flags.get(SEQUENCE_FLAG, "")
    return int(value) if value.isdecimal() else None
