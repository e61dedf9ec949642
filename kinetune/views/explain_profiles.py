"""The report of `kinetune explain --compare-profiles`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from kinetune.formatting import format_bytes, format_count
from kinetune.model.report import Cell, Heading, Paragraph, Report, Section, Table, Tone
from kinetune.model.server import Flavour
from kinetune.plans.profile_ranking import (
    CallCosts,
    ProfileComparison,
    ProfileRanking,
    rank_profiles,
    summarise_ranking,
)
from kinetune.plans.saved import run_data
from kinetune.views.explain import describe_store, format_milliseconds

KIND, SCHEMA = "kinetune explain --compare", 1
FREEZE_MARKS_PAGES = 14
"""From PostgreSQL 14 on COPY … FREEZE sets the visibility map (its release notes)."""


def profiles_report(comparison: ProfileComparison) -> Report:
    """One table, the result in a sentence, and the command that applies the best profile."""
    ranking = rank_profiles(comparison.profiles)
    sections: tuple[Section, ...] = (
        Paragraph(describe_store(comparison.store)),
        Paragraph(_describe_copy(comparison), Tone.DIM),
        _ranking_table(ranking),
        *_index_sizes(comparison),
        Heading("Result"),
        Paragraph(summarise_ranking(ranking), Tone.GOOD),
        Paragraph(_next_step(comparison, ranking)),
    )
    title = "kinetune explain: profiles on a copy of this store"
    return Report(KIND, title, sections, _report_data(comparison, ranking), SCHEMA)


def _describe_copy(comparison: ProfileComparison) -> str:
    part = f"{comparison.rows:,} of {format_count(comparison.of, 'row')}, whole objects with their revisions"
    part = "all rows" if comparison.rows == comparison.of else part
    sentence = f"Compared on a copy ({part}), which was dropped again; Kine's own table was only read."
    server = comparison.store.server
    if server.flavour is Flavour.POSTGRESQL and server.base < FREEZE_MARKS_PAGES:
        sentence += " Index-only scans also read the copy's table: before PostgreSQL 14 a copy has no visibility map."
    return sentence


def _ranking_table(ranking: ProfileRanking) -> Table:
    profiles = list(ranking.worst)
    columns = ["call", *(f"{profile} {unit}" for profile in profiles for unit in ("ms", ranking.unit)), "least work"]
    return Table(tuple(columns), tuple(map(_call_cells, ranking.rows)), frozenset(columns[1:-1]), "call")


def _call_cells(row: CallCosts) -> tuple[Cell, ...]:
    cells: list[Cell] = [Cell(row.words)]
    for profile, cost in row.costs.items():
        tone = Tone.GOOD if profile in row.best else Tone.PLAIN
        figures = ("–", "–") if cost is None else (format_milliseconds(cost.milliseconds), f"{cost.work:,}")
        cells += [Cell(figures[0], Tone.DIM), Cell(figures[1], Tone.BAD if cost is None else tone)]
    is_tie = len(row.best) == len(row.costs)
    return (*cells, Cell("equal" if is_tie else ", ".join(row.best), Tone.DIM if is_tie else Tone.GOOD))


def _index_sizes(comparison: ProfileComparison) -> Iterator[Section]:
    sized = [run for run in comparison.profiles if run.index_bytes]
    if sized:
        sizes = ", ".join(f"{run.profile} {format_bytes(run.index_bytes)}" for run in sized)
        yield Paragraph(f"All indexes of the copy: {sizes}.")


def _next_step(comparison: ProfileComparison, ranking: ProfileRanking) -> str:
    command = _next_command(comparison, ranking)
    return f"Apply it: {command}" if command else f"This store already has the profile {ranking.winner}."


def _next_command(comparison: ProfileComparison, ranking: ProfileRanking) -> str:
    if ranking.winner == comparison.store.profile:
        return ""
    return f"kinetune init --profile {ranking.winner} --kine {comparison.store.era}"


def _report_data(comparison: ProfileComparison, ranking: ProfileRanking) -> dict[str, object]:
    store = run_data(comparison.store)
    del store["calls"]
    profiles = [
        {
            "profile": run.profile,
            "index_bytes": run.index_bytes,
            "worst": ranking.worst[run.profile][0],
            "calls": run_data(replace(comparison.store, calls=run.calls))["calls"],
        }
        for run in comparison.profiles
    ]
    return {
        "store": store,
        "compared_at": datetime.now(UTC),
        "copied_rows": comparison.rows,
        "rows": comparison.of,
        "unit": ranking.unit,
        "table": [_row_data(row) for row in ranking.rows],
        "profiles": profiles,
        "winner": ranking.winner,
        "verdict": summarise_ranking(ranking),
        "command": _next_command(comparison, ranking) or None,
    }


def _row_data(row: CallCosts) -> dict[str, object]:
    """An infinite share, of a call that failed, becomes null in JSON."""
    costs = {name: cost and {"milliseconds": cost.milliseconds, "work": cost.work} for name, cost in row.costs.items()}
    return {"scenario": row.scenario, "words": row.words, "costs": costs, "above": row.above, "best": row.best}
