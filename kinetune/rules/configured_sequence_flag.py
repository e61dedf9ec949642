from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.configuration import TSERVERS, Configuration, Part
from kinetune.model.facts import Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.rules.absence import absent
from kinetune.rules.cluster import NO_NODES
from kinetune.rules.rule import rule

FLAG = "ysql_sequence_cache_minval"
DO = f"give this node {FLAG}=1, restart it, then kinetune check --probe"


@rule("KT605", Severity.ERROR)
def configured_sequence_flag(configuration: Configuration) -> Iterator[Remark | Unknown]:
    """
    Every tserver in the files has ysql_sequence_cache_minval=1.

    Why it matters
        Without the flag YugabyteDB gives each connection a hundred ids at a time. Kine reads ids as revisions, in order
        and without holes: watches stall, a kube-apiserver dies while it bootstraps, acknowledged objects are lost
        (KT201 sees the same in the database). One node without it is enough, since Kine may be connected to that one.

    What to do
        yugabyted: --tserver_flags="ysql_sequence_cache_minval=1". Helm: gflags.tserver.ysql_sequence_cache_minval: 1.
        By itself: yb-tserver --ysql_sequence_cache_minval=1. A comma in --tserver_flags begins the next flag unless
        braces hold the value together: "ysql_pg_conf_csv={log_statement=ddl,jit=off},ysql_sequence_cache_minval=1".
        Inside the braces, or in a --tserver_flags that is given again further on, the flag is lost.

    When to ignore
        This YugabyteDB serves no Kine.

    Source
        docs/facts/yugabytedb.md §2 and docs/facts/measured.md §1.
    """
    nodes = tuple(configuration.of(*TSERVERS))
    if not nodes:
        yield absent(NO_NODES, configuration)
    for node in nodes:
        yield from _node(node)


def _node(node: Part) -> Iterator[Remark | Unknown]:
    found = node.find(FLAG)
    lost = next((one for one in node.settings if one.name == FLAG and one.within), None)
    if cut := node.find("cut-by-comma"):
        says = f"a comma cuts the value of {cut.value}: what follows it is no flag, and the tserver does not start"
        yield Remark(on=node.name, says=says, do=f"write {cut.value}={{…,…}}", place=cut.place)
    elif found and found.value not in ("0", "1"):
        if found.value in ("", "…"):
            yield Unknown(f"a variable decides {FLAG} of {node.name}")
        else:
            says = f"{FLAG} is {found.value}: each connection takes {found.value} ids at once, watches stall"
            yield Remark(on=node.name, says=says, do=DO, place=found.place)
    elif found is None and lost:
        says = f"{FLAG} stands inside the value of {lost.within} and is no flag: ids are cached 100 at a time"
        yield Remark(
            on=node.name, says=says, do="close the braces before it: …},ysql_sequence_cache_minval=1", place=lost.place
        )
    elif found is None and node.unread:
        yield Unknown(f"{node.name} takes flags from {node.unread}")
    elif found is None:
        says = f"{FLAG} is not set: ids are cached 100 at a time, watches stall and writes get lost"
        yield Remark(on=node.name, says=says, do=DO, place=node.place)
