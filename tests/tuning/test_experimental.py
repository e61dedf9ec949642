"""Experiments are printed with what would prove them, fit the server and the era, and apply nothing."""

from __future__ import annotations

import re

import pytest

from kinetune.kine.releases import ERAS, era_named
from kinetune.servers.recognise import named
from kinetune.tuning.experimental import LARGER_PAGES, NO_SORT, Experiment, experiments, written


def known(server: str, era: str) -> list[Experiment]:
    return list(experiments(named(server), era_named(era)))


@pytest.mark.parametrize(
    ("server", "era", "wanted"),
    [
        ("yugabytedb-2.20", "E20", [LARGER_PAGES]),
        ("yugabytedb-2024.2", "E20", [LARGER_PAGES]),
        ("yugabytedb-2024.2", "E19", []),
        ("yugabytedb-2024.2", "E17", []),
        ("yugabytedb-2025.1", "E20", []),
        ("yugabytedb-2024.2", "E18", []),
        ("yugabytedb-2024.2", "E07", []),
        ("yugabytedb-2024.2", "E11", [NO_SORT]),
        ("yugabytedb-2025.2", "E16", [NO_SORT]),
        ("postgresql-15", "E20", []),
        ("postgresql-15", "E11", []),
    ],
)
def test_each_fits_its_server_and_its_era(server: str, era: str, wanted: list[Experiment]) -> None:
    assert known(server, era) == wanted


@pytest.mark.parametrize("era", ERAS, ids=lambda era: era.number)
@pytest.mark.parametrize("server", ["yugabytedb-2024.2", "yugabytedb-2025.2", "postgresql-15"])
def test_what_is_printed_applies_nothing_when_piped(server: str, era: object) -> None:
    number = era.number  # type: ignore[attr-defined]
    text = written(tuple(known(server, number)), named(server), era_named(number), "kubernetes")
    assert all(line.startswith("--") for line in text.splitlines() if line)
    assert text.endswith("\n")


def test_each_says_why_what_it_risks_how_to_prove_and_how_to_undo_it() -> None:
    text = written((LARGER_PAGES,), named("yugabytedb-2024.2"), era_named("E20"), 'we"ird')
    assert "kinetune explain --query list-page --with yb_fetch_row_limit=16384 --with yb_fetch_size_limit=4MB" in text
    assert "EXPLAIN (ANALYZE, DIST) EXECUTE kine_list ('/registry/pods/', '/registry/pods0', false);" in text
    assert "LIMIT 501" in text
    assert "Why: " in text
    assert "Risk: " in text
    assert re.search(r"""Apply: ALTER DATABASE "we""ird" SET yb_fetch_row_limit = '16384';""", text)
    assert re.search(r"""Undo: ALTER DATABASE "we""ird" RESET yb_fetch_row_limit;""", text)


def test_on_paper_larger_pages_make_eight_requests_of_twenty_six() -> None:
    """20,000 revisions and four batches of a join of 1,024, and MAX(id) and the compacted revision."""
    page = int(LARGER_PAGES.settings["yb_fetch_row_limit"])
    assert -(-20_000 // 1024) + 4 + 2 == 26
    assert -(-20_000 // page) + 4 + 2 == 8
