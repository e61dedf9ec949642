"""`kinetune explain --compare article,tuned`: profiles side by side on copies of the store's own rows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kinetune.commands.explain import explained_store, in_words, refuse_nothing, wanted_calls
from kinetune.model.failure import UsageFailure
from kinetune.model.report import Cell, Heading, Items, Paragraph, Report, Section, Table, Tone
from kinetune.model.server import Flavour
from kinetune.plans.contest import Contest, Entry, Row, contest, verdict
from kinetune.plans.saved import to_data
from kinetune.views.explain import milliseconds_of, where

if TYPE_CHECKING:
    from kinetune.commands.explain import Look
    from kinetune.database.copies import Candidate
    from kinetune.database.session import Session
    from kinetune.kine.releases import Era
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.server import Server
    from kinetune.model.workload import Call, Explained, Recording

KIND = "kinetune explain --compare"
SCHEMA = 1
FREEZE_MARKS_PAGES = 14
"""From PostgreSQL 14 on COPY … FREEZE sets the visibility map (its release notes)."""
SETTLED = "force_custom_plan"


@dataclass(frozen=True)
class Compared:
    """The store, what was copied of it, and each profile's calls."""

    store: Explained
    entries: tuple[Entry, ...]
    rows: int
    of: int


def profiles_of(text: str) -> tuple[str, ...]:
    """`article,tuned` as names; UsageFailure for an unknown one, or fewer than two."""
    from kinetune.tuning.profiles import PROFILES

    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in PROFILES:
            raise UsageFailure(f"unknown profile {name!r}", f"known are {', '.join(PROFILES)}")
    if len(names) < 2:
        raise UsageFailure(f"--compare {text} names fewer than two profiles", f"known are {', '.join(PROFILES)}")
    return names


def compare_profiles(endpoint: Endpoint, look: Look, profiles: tuple[str, ...]) -> Compared:
    """Each read call of the era on each profile, over the same rows with the same arguments."""
    from kinetune.database.era import era_in_use
    from kinetune.database.observe import observe
    from kinetune.database.session import visit

    with visit(endpoint, "compare", write=True) as session:
        facts = observe(session)
        refuse_nothing(facts)
        kine = look.era or era_in_use(session)
        store = explained_store(facts, kine, ())
        candidates = tuple(_candidate(profile, facts.server, kine.era) for profile in profiles)
        return _entries(session, store, candidates, replace(look, era=kine))


def _entries(session: Session, store: Explained, candidates: tuple[Candidate, ...], look: Look) -> Compared:
    from kinetune.cli.progress import bars
    from kinetune.database.copies import copies
    from kinetune.plans.measure import measured

    assert look.era is not None, "compare_profiles has seen to it"
    entries: list[Entry] = []
    calls: tuple[Call, ...] = ()
    with bars() as progress, contextlib.closing(copies(session, candidates, look.rows)) as every:
        task = progress.add_task("copying rows", total=len(candidates))
        for copy in every:
            progress.update(task, description=copy.candidate.profile)
            calls = calls or wanted_calls(
                session, look.era.era, replace(look, rows=0)
            )  # keys of the copy, the same for all
            recordings = in_words(tuple(_recorded(session, calls, look)))
            entries.append(
                Entry(
                    copy.candidate.profile,
                    tuple(measured(one, store.page, copy.rows) for one in recordings),
                    copy.index_bytes,
                    custom=copy.candidate.settings.get("plan_cache_mode") == SETTLED,
                )
            )
            progress.advance(task)
    return Compared(store, tuple(entries), copy.rows, copy.of)


def _recorded(session: Session, calls: tuple[Call, ...], look: Look) -> Iterator[Recording]:
    from kinetune.database.explain import Effort, explain

    return explain(session, calls, Effort(look.runs, look.timeout))


def _candidate(profile: str, server: Server, era: Era) -> Candidate:
    """The statements that `init` would give an empty table, without its sequence: nothing is inserted by it."""
    from kinetune.database.copies import Candidate
    from kinetune.tuning.profiles import target
    from kinetune.tuning.statements import create_index, primary_key

    wanted = target(profile, server, era)
    indexes = tuple(create_index(index, server) for index in wanted.indexes)
    return Candidate(profile, primary_key(wanted, server), indexes, wanted.settings)


def told(found: Compared) -> Report:
    """One table, the verdict in a sentence, and the command that makes it so."""
    result = contest(found.entries)
    command = _command(found, result)
    sections: tuple[Section, ...] = (
        Paragraph(where(found.store)),
        Paragraph(_copied(found), Tone.DIM),
        _table(result),
        *_sizes(found),
        Heading("Verdict"),
        Items((Cell(verdict(result) + ".", Tone.GOOD), Cell(command))),
    )
    return Report(KIND, "kinetune explain: profiles on a copy of this store", sections, _data(found, result), SCHEMA)


def _copied(found: Compared) -> str:
    part = (
        "all rows"
        if found.rows == found.of
        else f"{found.rows:,} of {found.of:,} rows, whole objects with their revisions"
    )
    said = f"Compared on a copy ({part}) that is gone again; Kine's own table was only read."
    server = found.store.server
    if server.flavour is Flavour.POSTGRESQL and server.base < FREEZE_MARKS_PAGES:
        said += " Index-only scans visit the copy's table here: before PostgreSQL 14 a copy has no visibility map."
    return said


def _table(result: Contest) -> Table:
    profiles = list(result.worst)
    columns = ["call", *(f"{profile} {unit}" for profile in profiles for unit in ("ms", result.unit)), "least work"]
    return Table(tuple(columns), tuple(_row(one) for one in result.rows), frozenset(columns[1:-1]), "call")


def _row(row: Row) -> tuple[Cell, ...]:
    cells: list[Cell] = [Cell(row.words)]
    for profile, cost in row.costs.items():
        tone = Tone.GOOD if profile in row.best else Tone.PLAIN
        figures = ("–", "–") if cost is None else (milliseconds_of(cost.milliseconds), f"{cost.work:,}")
        cells += [Cell(figures[0], Tone.DIM), Cell(figures[1], Tone.BAD if cost is None else tone)]
    is_tie = len(row.best) == len(row.costs)
    return (*cells, Cell("alike" if is_tie else ", ".join(row.best), Tone.DIM if is_tie else Tone.GOOD))


def _sizes(found: Compared) -> Iterator[Section]:
    sized = [entry for entry in found.entries if entry.index_bytes]
    if sized:
        sizes = ", ".join(f"{entry.profile} {(entry.index_bytes or 0) / 2**20:,.1f} MiB" for entry in sized)
        yield Paragraph(f"All indexes of the copy: {sizes}.")


def _command(found: Compared, result: Contest) -> str:
    if result.winner == found.store.profile:
        return f"This store has {result.winner} already."
    return f"kinetune init --profile {result.winner} --kine {found.store.era}"


def _data(found: Compared, result: Contest) -> dict[str, object]:
    store = to_data(found.store)
    del store["calls"]
    profiles = [
        {
            "profile": entry.profile,
            "index_bytes": entry.index_bytes,
            "worst": _finite(result.worst[entry.profile][0]),
            "calls": to_data(replace(found.store, calls=entry.calls))["calls"],
        }
        for entry in found.entries
    ]
    return {
        "store": store,
        "compared_at": datetime.now(UTC),
        "copied_rows": found.rows,
        "rows": found.of,
        "unit": result.unit,
        "table": [_json_row(row) for row in result.rows],
        "profiles": profiles,
        "winner": result.winner,
        "verdict": verdict(result),
        "command": _command(found, result),
    }


def _json_row(row: Row) -> dict[str, object]:
    costs = {name: cost and {"milliseconds": cost.milliseconds, "work": cost.work} for name, cost in row.costs.items()}
    above = {name: _finite(share) for name, share in row.above.items()}
    return {"scenario": row.scenario, "words": row.words, "costs": costs, "above": above, "best": row.best}


def _finite(share: float) -> float | None:
    """None where the call failed: JSON has no infinity."""
    return None if share == float("inf") else share
