"""`python -m bench [PART …] [--rows N …]`: all parts, or the ones named. Exit 5 where a budget was missed."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench.ground import Ground, machine
from bench.say import say
from kinetune.model.report import Paragraph, Report
from kinetune.reports.table import save, write

if TYPE_CHECKING:
    from collections.abc import Callable

RESULTS = Path(__file__).parent / "results"


def _parts() -> dict[str, Callable[[Ground, int], Report]]:
    from bench import indexes

    return {"indexes": indexes.run}


def main() -> int:
    parts = _parts()
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(parts))
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(parts):
        parser.error(f"unknown part {min(unknown)}: {', '.join(parts)}")
    said = machine()
    with Ground() as ground:
        for rows in asked.rows:
            for name in asked.parts or parts:
                say(f"{name}, {rows:,} rows")
                _tell(parts[name](ground, rows), name, rows, said)
    return 0


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
