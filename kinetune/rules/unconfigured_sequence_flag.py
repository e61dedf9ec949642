from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.configuration import TSERVERS, Configuration, ConfiguredProcess
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.cluster_layout import NO_NODES
from kinetune.rules.context import explain_absence
from kinetune.rules.rule import rule
from kinetune.servers.sequence_flag import SEQUENCE_FLAG

DO = f"set {SEQUENCE_FLAG}=1 on this node, restart it, then kinetune check --probe"


@rule("KT605", Severity.ERROR)
def unconfigured_sequence_flag(configuration: Configuration) -> Iterator[Remark | Unknown]:
    """
    The configuration of a tserver does not set ysql_sequence_cache_minval=1.

    Why it matters
        Without the flag every connection of YugabyteDB caches 100 ids. Kine uses ids as revisions and expects them in
        order and without gaps: watches stall, kube-apiserver dies during its bootstrap, acknowledged objects are lost
        (KT201 checks the same in the database). One node without the flag is enough, because Kine may be connected to
        it.

    What to do
        yugabyted: --tserver_flags="ysql_sequence_cache_minval=1". Helm: gflags.tserver.ysql_sequence_cache_minval: 1.
        yb-tserver: --ysql_sequence_cache_minval=1. In --tserver_flags a comma starts the next flag, unless braces
        enclose the value: "ysql_pg_conf_csv={log_statement=ddl,jit=off},ysql_sequence_cache_minval=1". A flag inside
        the braces, or in a --tserver_flags that a later one replaces, has no effect.

    When to ignore
        This YugabyteDB is not used by Kine.

    Source
        docs/facts/yugabytedb.md §2 and docs/facts/measured.md §1.
    """
    nodes = tuple(configuration.of(*TSERVERS))
    if not nodes:
        yield explain_absence(NO_NODES, configuration)
    for node in nodes:
        yield from _check_node(node)


def _check_node(node: ConfiguredProcess) -> Iterator[Remark | Unknown]:
    found = node.find(SEQUENCE_FLAG)
    lost = next((one for one in node.settings if one.name == SEQUENCE_FLAG and one.within), None)
    if cut := node.find("cut-by-comma"):
        says = f"a comma ends the value of {cut.value}: the rest is not a flag, and the tserver does not start"
        yield Remark(on=node.name, says=says, do=f"write {cut.value}={{…,…}}", place=cut.place)
    elif found and found.value not in ("0", "1"):
        if found.value in ("", "…"):
            yield Unknown(f"{SEQUENCE_FLAG} of {node.name} is set by a variable, whose value is unknown")
        else:
            says = f"{SEQUENCE_FLAG} is {found.value}: each connection caches {found.value} ids, watches stall"
            yield Remark(on=node.name, says=says, do=DO, place=found.place)
    elif found is None and lost:
        says = (
            f"{SEQUENCE_FLAG} is part of the value of {lost.within} and has no effect: each connection caches 100 ids"
        )
        yield Remark(
            on=node.name,
            says=says,
            do="close the braces before the flag: …},ysql_sequence_cache_minval=1",
            place=lost.place,
        )
    elif found is None and node.unread:
        yield Unknown(f"{node.name} reads flags from {node.unread}, which was not read")
    elif found is None:
        says = f"{SEQUENCE_FLAG} is not set: each connection caches 100 ids, watches stall and writes are lost"
        yield Remark(on=node.name, says=says, do=DO, place=node.place)
