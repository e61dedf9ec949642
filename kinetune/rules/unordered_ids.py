from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from kinetune.model.facts import DrawnId, SequenceProbe
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour, Server
from kinetune.rules.remedies import SET_SEQUENCE_FLAG
from kinetune.rules.rule import rule

SHOWN = 7


@rule("KT205", Severity.ERROR)
def unordered_ids(probe: SequenceProbe, server: Server) -> Iterator[Remark]:
    """
    Connections that take ids in turn get ids that are not consecutive.

    Why it matters
        Every Kine, and every connection of its pool, takes ids from one sequence. If each connection caches a block of
        ids, the order of ids is not the order of writes: 400 creates by 8 clients used 1,617 ids, a watch reported 394
        of them within two minutes, and 6 acknowledged objects did not exist (docs/facts/measured.md §1).

    What to do
        Start every tserver with --ysql_sequence_cache_minval=1, set the cache of the sequence to 1 with `kinetune
        init`, and restart Kine so that no connection keeps its block.

    When to ignore
        The probe uses a new sequence with the options of Kine's. If kine_id_seq itself has a cache of 1 (KT201 passes),
        ids are in order until the sequence is altered or the store is rebuilt.

    Source
        docs/facts/measured.md §1; docs/facts/recorded.md §4: three nodes with two connections each returned 1, 101,
        201, 301, 401, 501, 2, 102 ….
    """
    steps = {after.id - before.id for before, after in pairwise(probe.draws)}
    # Only one step between consecutive ids: no connection has a block, and no id is skipped.
    if steps <= {1}:
        return
    how = "are out of order" if min(steps) < 1 else "have gaps"
    yield Remark(
        on="kine.id",
        says=f"{_count_connections(probe)} connections{_describe_nodes(probe)} got {_list_ids(probe.draws)} in turn: "
        f"ids {how}, watches stall, and acknowledged objects are lost",
        do=f"{SET_SEQUENCE_FLAG}; kinetune init --allow SEQUENCE_CACHE; restart Kine"
        if server.flavour is Flavour.YUGABYTEDB
        else "connect Kine directly to the server and find other users of the sequence; then kinetune check --probe",
    )


def _count_connections(probe: SequenceProbe) -> int:
    return len({draw.connection for draw in probe.draws})


def _describe_nodes(probe: SequenceProbe) -> str:
    """` on 3 nodes`; empty for a single node."""
    nodes = {draw.node for draw in probe.draws}
    return f" on {len(nodes)} nodes" if len(nodes) > 1 else ""


def _list_ids(draws: tuple[DrawnId, ...]) -> str:
    more = ", …" if len(draws) > SHOWN else ""
    return ", ".join(str(draw.id) for draw in draws[:SHOWN]) + more
