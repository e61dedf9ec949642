"""The catalogue is what a real Kine sends: recorded anew, it comes out the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kinetune import resources
from kinetune.kine.releases import era_of_kine, recorded_catalogue
from tests.cluster import Cluster
from tests.kine.record import record, renewed
from tests.kine.seen import name_before_v0_16, unlimited

# The tag each catalogue was recorded from.
TAGS = ["v0.10.1", "v0.11.4", "v0.13.9", "v0.14.16", "v0.16.4", "v0.17.1", "v0.17.5"]


def files(tag: str) -> dict[str, str]:
    folder = resources.data_folder("sql") / "kine" / recorded_catalogue(era_of_kine(tag))
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.sql"))}


@pytest.mark.parametrize("tag", ["v0.17.5", "v0.14.16"])
def test_recording_a_release_again_gives_the_same_files(built: Callable[[str], Path], pg15: Cluster, tag: str) -> None:
    built(tag)
    assert record(tag, pg15) == files(tag)


def test_a_release_that_compacts_by_the_clock_is_compared_without(built: Callable[[str], Path], pg15: Cluster) -> None:
    built("v0.10.1")
    by_the_clock = {"Compact", "UpdateCompact"}
    found = record("v0.10.1", pg15, compaction=False)
    assert found == {name: text for name, text in files("v0.10.1").items() if name not in by_the_clock}


@pytest.mark.parametrize("tag", TAGS)
def test_headers_say_what_the_notes_say(tag: str) -> None:
    assert renewed(tag) == files(tag)


def test_every_folder_is_a_recorded_catalogue() -> None:
    folders = {path.name for path in (resources.data_folder("sql") / "kine").iterdir() if path.is_dir()}
    assert folders == {recorded_catalogue(era_of_kine(tag)) for tag in TAGS}


@pytest.mark.parametrize(
    ("sent", "plain", "limit"),
    [
        ("SELECT 1 ORDER BY id ASC LIMIT 500", "SELECT 1 ORDER BY id ASC", 500),
        ("SELECT (SELECT 1 LIMIT 3), 2", "SELECT (SELECT 1 /* LIMIT */), 2", 3),
        ("SELECT (SELECT 1 /* LIMIT */), 2", "SELECT (SELECT 1 /* LIMIT */), 2", 0),
    ],
)
def test_the_limit_is_taken_out_of_a_statement(sent: str, plain: str, limit: int) -> None:
    assert unlimited(sent) == (plain, limit)


def test_an_unknown_statement_of_an_old_release_is_not_guessed() -> None:
    with pytest.raises(StopIteration):
        name_before_v0_16("v0.10.1", "SELECT something FROM elsewhere")
