"""The release, settings and nodes of a server, as `kinetune server` shows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime

from kinetune.model.cluster import Cluster, ClusterNode, ServerState
from kinetune.model.plain_data import encode
from kinetune.model.report import BulletList, Cell, Heading, Paragraph, Report, Section, Table, Tone
from kinetune.model.server import Flavour, Server
from kinetune.model.unknown import Unknown
from kinetune.servers import postgresql
from kinetune.servers.known_lines import describe_newer_release
from kinetune.servers.maintenance import find_line
from kinetune.servers.sequence_flag import SEQUENCE_FLAG
from kinetune.servers.yugabytedb_lines import Basis, list_known_facts

TONES = {Basis.MEASURED: Tone.GOOD, Basis.DOCUMENTED: Tone.PLAIN, Basis.INFERRED: Tone.WARN}
SOURCES = (
    "§ is a section of docs/facts/yugabytedb.md in the repository of kinetune; recorded § is one of "
    "docs/facts/recorded.md, measured on a 2.21 cluster."
)
PLAN_SETTINGS = ("random_page_cost", "plan_cache_mode", "jit", "work_mem", "shared_buffers", "effective_cache_size")
"""PostgreSQL's settings that decide the plans of Kine's queries, and their cost."""
NO_VALUE = "–"


def server_report(state: ServerState) -> Report:
    details = _yugabytedb_sections if state.server.flavour is Flavour.YUGABYTEDB else _postgresql_sections
    sections = (Paragraph(_describe_maintenance(state.server)), *_notes(state.server), *details(state))
    return Report("kinetune server", f"kinetune server: {state.server}", sections, _data(state))


def _notes(server: Server) -> Iterator[Section]:
    if server.unsupported:
        yield Paragraph(f"{server} is not supported by Kine (KT412)", Tone.BAD)
    for note in filter(None, (server.note, describe_newer_release(server))):
        yield Paragraph(f"note: {note}", Tone.WARN)


def _describe_maintenance(server: Server) -> str:
    line = find_line(server)
    is_yugabytedb = server.flavour is Flavour.YUGABYTEDB
    base = f"{server}, compatible with PostgreSQL {server.base}" if is_yugabytedb else str(server)
    if line is None:
        return f"{base}. This release is newer than this kinetune: its maintenance dates are unknown."
    if line.preview:
        return f"{base}. A preview release: fixes come only with the next preview."
    maintained = f"Maintained until {line.maintained_until}; end of life" if line.maintained_until else "End of life"
    return f"{base}. {maintained} of {line.name}: {line.ends}."


def _yugabytedb_sections(state: ServerState) -> Iterator[Section]:
    values = _current_values(state)
    rows = tuple(
        (
            Cell(fact.topic),
            Cell(fact.value),
            Cell(f"{fact.basis}, {fact.source}", TONES[fact.basis]),
            *((Cell(values.get(fact.topic, NO_VALUE)),) if state.database else ()),
        )
        for fact in list_known_facts(state.server.release)
    )
    columns = ("topic", "in this release line", "source", *(("current value",) if state.database else ()))
    yield Table(columns, rows, fold="in this release line")
    if isinstance(state.cluster, Cluster):
        yield Heading("Nodes")
        yield from _node_sections(state.cluster)
    yield Paragraph(SOURCES, Tone.DIM)


def _current_values(state: ServerState) -> Mapping[str, str]:
    """By name of a setting or flag: its value, or `1 on a; 1024 on b` if nodes differ."""
    by_name: dict[str, dict[str, str]] = defaultdict(dict)
    nodes = state.cluster.nodes if isinstance(state.cluster, Cluster) else ()
    for node in nodes:
        for values in (node.settings, node.flags):
            for name, value in values.items() if not isinstance(values, Unknown) else ():
                by_name[name][node.name] = value
    session = {name: value for name, value in state.settings.items() if name.startswith("yb_")}
    # yb_enable_cbo came with 2024.2.4; without it pg_settings has no row.
    return {"yb_enable_cbo": "absent"} | session | {name: _join_values(values) for name, values in by_name.items()}


def _join_values(values: Mapping[str, str]) -> str:
    if len(set(values.values())) == 1:
        return next(iter(values.values()))
    return "; ".join(f"{value} on {node}" for node, value in sorted(values.items()))


def _node_sections(cluster: Cluster) -> Iterator[Section]:
    rows = tuple(tuple(_node_cells(node)) for node in cluster.nodes)
    columns = ("node", "cloud.region.zone", "release", SEQUENCE_FLAG, "leaders", "last ANALYZE")
    yield Table(columns, rows, frozenset({SEQUENCE_FLAG, "leaders"}), "node")
    replicas = cluster.replication
    yield Paragraph(
        f"Replication factor of the tablets of kine: {replicas}."
        if isinstance(replicas, int)
        else f"Replication factor unknown: {replicas.reason}."
    )
    observed = [part for node in cluster.nodes for part in (node.server, node.flags)]
    reasons = dict.fromkeys(part.reason for part in observed if isinstance(part, Unknown))
    if reasons:
        yield BulletList(tuple(Cell(reason, Tone.WARN) for reason in reasons))


def _node_cells(node: ClusterNode) -> Iterator[Cell]:
    yield Cell(node.name)
    yield Cell(node.place)
    yield Cell("not reached" if isinstance(node.server, Unknown) else ".".join(map(str, node.server.release)))
    flag = NO_VALUE if isinstance(node.flags, Unknown) else node.flags.get(SEQUENCE_FLAG, NO_VALUE)
    yield Cell(flag, Tone.BAD if flag not in ("0", "1", NO_VALUE) else Tone.PLAIN)
    yield Cell(NO_VALUE if isinstance(node.leaders, Unknown) else str(node.leaders))
    at = node.analysed_at
    when = f"{at:%Y-%m-%d %H:%M}" if isinstance(at, datetime) else "never" if at is None else NO_VALUE
    yield Cell(when, Tone.DIM)


def _postgresql_sections(state: ServerState) -> Iterator[Section]:
    rows = tuple(
        (
            Cell(name.replace("_", " ")),
            Cell("yes" if state.server.can(name) else "no", Tone.PLAIN if state.server.can(name) else Tone.WARN),
            Cell(f"PostgreSQL {since}", Tone.DIM),
        )
        for name, since in postgresql.SINCE.items()
    )
    yield Table(("capability", "supported", "since"), rows)
    if state.settings:
        yield Heading(f"Settings in {state.database}")
        names = (name for name in PLAN_SETTINGS if name in state.settings)
        yield Table(("setting", "value"), tuple((Cell(name), Cell(state.settings[name])) for name in names))


def _data(state: ServerState) -> dict[str, object]:
    facts = list_known_facts(state.server.release) if state.server.flavour is Flavour.YUGABYTEDB else ()
    line = find_line(state.server)
    return {
        "server": encode(state.server),
        "database": state.database or None,
        "maintained_until": str(line.maintained_until or line.ends) if line and line.ends else None,
        "known": encode(tuple(facts)),
        "settings": dict(state.settings),
        "cluster": encode(state.cluster),
    }
