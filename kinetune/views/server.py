"""What `kinetune server` shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kinetune.model.cluster import Cluster, Node
from kinetune.model.facts import NOT_ASKED, Unknown
from kinetune.model.plain import encode
from kinetune.model.report import Cell, Heading, Items, Paragraph, Report, Section, Table, Tone
from kinetune.model.server import Flavour, Server
from kinetune.servers import postgresql
from kinetune.servers.maintenance import line_of
from kinetune.servers.sequence_flag import SEQUENCE_FLAG
from kinetune.servers.yugabytedb_lines import Basis, known

TONES = {Basis.MEASURED: Tone.GOOD, Basis.DOCUMENTED: Tone.PLAIN, Basis.INFERRED: Tone.WARN}
SOURCES = "Sources: § is a section of docs/facts/yugabytedb.md; FINDINGS.md is what a real 2.21 cluster answered."
MINE = ("random_page_cost", "plan_cache_mode", "jit", "work_mem", "shared_buffers", "effective_cache_size")
"""Of PostgreSQL's settings those that decide Kine's plans and their cost."""


@dataclass(frozen=True)
class InForce:
    """A server and what it has in force; without `database` only its release is known."""

    server: Server
    database: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    cluster: Cluster | Unknown = NOT_ASKED


def reported(seen: InForce) -> Report:
    told = _yugabytedb(seen) if seen.server.flavour is Flavour.YUGABYTEDB else _postgresql(seen)
    sections = (Paragraph(_maintenance(seen.server)), *_note(seen.server), *told)
    return Report("kinetune server", f"kinetune server: {seen.server}", sections, _data(seen))


def _note(server: Server) -> Iterator[Section]:
    if server.unsupported:
        yield Paragraph(f"{server} is not supported by Kine (KT412)", Tone.BAD)
    if server.note:
        yield Paragraph(f"note: {server.note}", Tone.WARN)


def _maintenance(server: Server) -> str:
    line = line_of(server)
    base = f"{server} speaks PostgreSQL {server.base}" if server.flavour is Flavour.YUGABYTEDB else str(server)
    if line is None:
        return f"{base}; newer than what is known here."
    if line.preview:
        return f"{base}; a preview, mended by the next preview only."
    mended = f"; mended until {line.mended_until}" if line.mended_until else ""
    return f"{base}{mended}; {line.name} ends on {line.ends}."


def _yugabytedb(seen: InForce) -> Iterator[Section]:
    values = _in_force(seen)
    rows = tuple(
        (
            Cell(one.topic),
            Cell(one.value),
            Cell(f"{one.basis}, {one.source}", TONES[one.basis]),
            *((Cell(values.get(one.topic, "–")),) if seen.database else ()),
        )
        for one in known(seen.server.release)
    )
    columns = ("topic", "this line of releases", "how it is known", *(("in force",) if seen.database else ()))
    yield Table(columns, rows, fold="this line of releases")
    if isinstance(seen.cluster, Cluster):
        yield Heading("Nodes")
        yield from _nodes(seen.cluster)
    yield Paragraph(SOURCES, Tone.DIM)


def _in_force(seen: InForce) -> Mapping[str, str]:
    """By name of a setting or flag: its value, or `1 on a; 1024 on b` where nodes differ."""
    by_name: dict[str, dict[str, str]] = defaultdict(dict)
    nodes = seen.cluster.nodes if isinstance(seen.cluster, Cluster) else ()
    for node in nodes:
        for values in (node.settings, node.flags):
            for name, value in values.items() if not isinstance(values, Unknown) else ():
                by_name[name][node.name] = value
    told = {name: value for name, value in seen.settings.items() if name.startswith("yb_")}
    return {"yb_enable_cbo": "absent"} | told | {name: _one_or_each(values) for name, values in by_name.items()}


def _one_or_each(values: Mapping[str, str]) -> str:
    if len(set(values.values())) == 1:
        return next(iter(values.values()))
    return "; ".join(f"{value} on {node}" for node, value in sorted(values.items()))


def _nodes(cluster: Cluster) -> Iterator[Section]:
    rows = tuple(tuple(_node(node)) for node in cluster.nodes)
    columns = ("node", "cloud.region.zone", "release", SEQUENCE_FLAG, "leads", "last ANALYZE")
    yield Table(columns, rows, frozenset({SEQUENCE_FLAG, "leads"}), "node")
    copies = cluster.replication
    yield Paragraph(
        f"{copies} copies of each tablet of kine." if isinstance(copies, int) else f"Copies: not seen, {copies.reason}."
    )
    looks = [look for node in cluster.nodes for look in (node.server, node.flags)]
    unseen = dict.fromkeys(look.reason for look in looks if isinstance(look, Unknown))
    if unseen:
        yield Items(tuple(Cell(reason, Tone.WARN) for reason in unseen))


def _node(node: Node) -> Iterator[Cell]:
    yield Cell(node.name)
    yield Cell(node.place)
    yield Cell("not reached" if isinstance(node.server, Unknown) else ".".join(map(str, node.server.release)))
    flag = "–" if isinstance(node.flags, Unknown) else node.flags.get(SEQUENCE_FLAG, "–")
    yield Cell(flag, Tone.BAD if flag not in ("0", "1", "–") else Tone.PLAIN)
    yield Cell("–" if isinstance(node.leaders, Unknown) else str(node.leaders))
    at = node.analysed_at
    yield Cell(f"{at:%Y-%m-%d %H:%M}" if isinstance(at, datetime) else "never" if at is None else "–", Tone.DIM)


def _postgresql(seen: InForce) -> Iterator[Section]:
    rows = tuple(
        (
            Cell(name.replace("_", " ")),
            Cell("yes" if seen.server.can(name) else "no", Tone.PLAIN if seen.server.can(name) else Tone.WARN),
            Cell(f"since {since}", Tone.DIM),
        )
        for name, since in postgresql.SINCE.items()
    )
    yield Table(("capability", "here", "PostgreSQL"), rows)
    if seen.settings:
        yield Heading(f"In force in {seen.database}")
        settings = tuple((Cell(name), Cell(seen.settings[name])) for name in MINE if name in seen.settings)
        yield Table(("setting", "value"), settings)


def _data(seen: InForce) -> dict[str, object]:
    lines = known(seen.server.release) if seen.server.flavour is Flavour.YUGABYTEDB else ()
    line = line_of(seen.server)
    return {
        "server": encode(seen.server),
        "database": seen.database or None,
        "maintained_until": str(line.mended_until or line.ends) if line and line.ends else None,
        "known": encode(tuple(lines)),
        "settings": dict(seen.settings),
        "cluster": encode(seen.cluster),
    }
