"""YugabyteDB's cache of ids, before `kinetune init` makes or alters a sequence: looked at, told, refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from kinetune.model.failure import Refused
from kinetune.model.report import Cell, Heading, Paragraph, Section, Table, Tone
from kinetune.model.script import Hazard
from kinetune.model.server import Flavour
from kinetune.servers.sequence_flag import SEQUENCE_FLAG, SEQUENCE_FLAG_LINES, least_caches

if TYPE_CHECKING:
    from kinetune.commands.init import Seen, Wish
    from kinetune.database.session import Session
    from kinetune.model.facts import Facts
    from kinetune.model.script import Script

TOUCHES = re.compile(r"\b(?:SEQUENCE|BIGSERIAL)\b")
NEXT = f"restart every tserver with --{SEQUENCE_FLAG}=1, or add --allow {Hazard.SEQUENCE_CACHE} and risk lost writes"


def with_flags(session: Session, facts: Facts, script: Script, wish: Wish) -> Facts:
    """The same with every node and its flags, where the script depends on them."""
    from kinetune.database.cluster import cluster
    from kinetune.http.tserver import with_http
    from kinetune.model.facts import Unknown

    if not (_touched(facts, script) and wish.tserver_http):
        return facts
    nodes = cluster(session, "init")
    return facts if isinstance(nodes, Unknown) else replace(facts, cluster=with_http(nodes, "", wish.tserver_http))


def refuse_seen(seen: Seen, wish: Wish) -> None:
    """Raise Refused where a node told that it would cache ids: before anybody is asked."""
    if _allowed(seen, wish):
        return
    high = {node: cache for node, cache in least_caches(seen.facts).items() if cache is not None and cache > 1}
    if high:
        raise Refused(
            f"nothing was changed: ids would be cached {max(high.values())} at a time ({', '.join(sorted(high))})", NEXT
        )


def refuse_probed(session: Session, seen: Seen, wish: Wish) -> None:
    """Raise Refused where a scratch sequence here gets another cache than 1; it is gone before anything is made."""
    from kinetune.database.probe import least_cache

    if _allowed(seen, wish):
        return
    cache = least_cache(session)
    if cache > 1:
        info = session.connection.info
        where = f"{SEQUENCE_FLAG} is {cache} on {info.host}:{info.port}"
        raise Refused(f"nothing was changed: ids would be cached {cache} at a time ({where})", NEXT)


def _allowed(seen: Seen, wish: Wish) -> bool:
    return Hazard.SEQUENCE_CACHE in wish.allow or not _touched(seen.facts, seen.script)


def _touched(facts: Facts, script: Script) -> bool:
    """Whether a sequence is made or altered where the flag decides its cache, whatever HTTP told of that flag."""
    if facts.server.flavour is not Flavour.YUGABYTEDB:
        return False
    return any(TOUCHES.search(text) for step in script.steps for text in step.statements)


def told(seen: Seen) -> Iterator[Section]:
    """What is known of the flag, and how to set it; nothing where no step depends on it."""
    if not _touched(seen.facts, seen.script):
        return
    caches = least_caches(seen.facts)
    if caches and all(cache == 1 for cache in caches.values()):
        return
    yield Heading("The cache of ids")
    if any(cache is not None and cache > 1 for cache in caches.values()):
        nodes = "; ".join(f"{cache or 'not seen'} on {node}" for node, cache in sorted(caches.items()))
        yield Paragraph(
            f"{SEQUENCE_FLAG} is {nodes}. A sequence made there caches ids: watches stall, a kube-apiserver dies while "
            "it bootstraps, acknowledged objects get lost. Set it to 1 on every tserver and restart them first:",
            Tone.BAD,
        )
    else:
        yield Paragraph(
            f"{SEQUENCE_FLAG} was not seen on every node. A scratch sequence shows it before anything is made, and "
            f"where it is above 1 nothing is. It is set on every tserver, which is restarted:",
            Tone.WARN,
        )
    rows = tuple((Cell(way), Cell(line)) for way, line in SEQUENCE_FLAG_LINES.items())
    yield Table(("started by", "with"), rows, fold="with")
