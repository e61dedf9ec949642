from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from kinetune.model.facts import Draw, Probe
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour, Server
from kinetune.rules.remedy import FLAG
from kinetune.rules.rule import rule

SHOWN = 7


@rule("KT205", Severity.ERROR)
def ordered_ids(probe: Probe, server: Server) -> Iterator[Remark]:
    """
    Connections that draw ids in turn get consecutive ids.

    Why it matters
        Each Kine, and each connection of its pool, draws ids from one sequence. Where each takes a block of its own,
        the order of ids is not the order of writes: 400 creates by 8 clients used 1,617 ids, a watch saw 394 of them
        within two minutes, and 6 acknowledged objects did not exist (docs/facts/measured.md §1).

    What to do
        Start every tserver with --ysql_sequence_cache_minval=1, then let `kinetune init` make the sequence's cache 1,
        and restart Kine, so that no connection keeps its block.

    When to ignore
        The probe draws from a new sequence made as Kine's. Where kine_id_seq itself has a cache of 1 (KT201 passes),
        ids are in order until somebody alters it, or builds the store anew.

    Source
        docs/facts/measured.md §1; data/yugabytedb/sequences/interleaved_default_100.json: 1, 101, 201, 301, 401, 501, 2
        …
    """
    steps = {after.id - before.id for before, after in pairwise(probe.draws)}
    if steps <= {1}:
        return
    how = "out of order" if min(steps) < 1 else "with gaps"
    yield Remark(
        on="kine.id",
        says=f"{_connections(probe)} connections{_nodes(probe)} drew {_order(probe.draws)} in turn: ids are {how}, "
        "so watches stall and acknowledged objects get lost",
        do=f"{FLAG}; kinetune init --allow SEQUENCE_CACHE; restart Kine"
        if server.flavour is Flavour.YUGABYTEDB
        else "connect Kine to the server itself, and look for what else draws ids; then kinetune check --probe",
    )


def _connections(probe: Probe) -> int:
    return len({draw.connection for draw in probe.draws})


def _nodes(probe: Probe) -> str:
    """` on 3 nodes`; nothing where there is but one."""
    nodes = {draw.node for draw in probe.draws}
    return f" on {len(nodes)} nodes" if len(nodes) > 1 else ""


def _order(draws: tuple[Draw, ...]) -> str:
    more = ", …" if len(draws) > SHOWN else ""
    return ", ".join(str(draw.id) for draw in draws[:SHOWN]) + more
