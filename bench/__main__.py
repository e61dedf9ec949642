"""
`python -m bench [PART …] [--rows N …]`: the parts named, else the first five. Exit 5 where a budget was missed.

start: small calls. explain: Kine's calls with each profile and era. writes: inserts. init: the program on a store.
logs: how fast `hotspots` reads, beside pgbadger. settings: each planner setting alone and all of them. indexes: the
experiment behind the profile tuned on PostgreSQL, ten minutes at 100,000 rows. rebuild: kinetune init --rebuild,
undisturbed and killed at twenty random moments. yugabytedb: real Kine on a stock and on a prepared store, writers at
work, on a real cluster: half an hour at 50,000 rows.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench.ground import Ground, machine
from bench.say import say
from kinetune.model.failure import Exit
from kinetune.model.report import Paragraph, Report
from kinetune.reports.table import save, write

if TYPE_CHECKING:
    from collections.abc import Callable

ASKED_FOR = ("settings", "indexes", "rebuild", "yugabytedb")
"""Run only by name: they decide profiles and do not measure them, or take long."""
ONCE = ("start", "logs")
"""The number of rows does not matter to them."""
RESULTS = Path(__file__).parent / "results"


def _parts() -> dict[str, Callable[[Ground, int], Report]]:
    from bench import budgets, explain, indexes, logs, rebuild, settings, writes, yugabytedb

    return {
        "start": budgets.start,
        "explain": explain.run,
        "writes": writes.run,
        "init": budgets.init,
        "logs": logs.run,
        "settings": settings.run,
        "indexes": indexes.run,
        "rebuild": rebuild.run,
        "yugabytedb": yugabytedb.run,
    }


def main() -> int:
    parts = _parts()
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(parts))
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(parts):
        parser.error(f"unknown part {min(unknown)}: {', '.join(parts)}")
    said, missed = machine(), False
    with Ground() as ground:
        for rows in asked.rows:
            wanted = asked.parts or [part for part in parts if part not in ASKED_FOR]
            for name in wanted if rows == asked.rows[0] else [part for part in wanted if part not in ONCE]:
                say(f"{name}, {rows:,} rows")
                report = parts[name](ground, rows)
                _tell(report, name, rows, said)
                missed |= bool(report.data.get("missed"))
    return Exit.MISSED if missed else Exit.CLEAN


def _tell(report: Report, name: str, rows: int, said: str) -> None:
    """To stdout, and as JSON into bench/results."""
    whole = replace(report, sections=(Paragraph(said), *report.sections))
    write(whole, "text", sys.stdout)
    sys.stdout.flush()
    RESULTS.mkdir(exist_ok=True)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    save(replace(whole, data=whole.data | {"machine": said, "at": at}), RESULTS / f"{name}-{rows}.json")


if __name__ == "__main__":
    sys.exit(main())
