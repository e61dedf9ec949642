from __future__ import annotations

import pytest

from kinetune.model.facts import KineRelease
from kinetune.model.finding import Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.lost_creates import lost_creates
from tests.rules.made import healthy, run_one, skip_one, written_by, yugabytedb


@pytest.mark.parametrize("tag", ["v0.16.6", "v0.17.3", "v0.17.5", "v0.18.0"])
def test_releases_that_lose_creates_are_an_error(tag: str) -> None:
    (found,) = run_one(lost_creates, healthy(kine=written_by(tag)))
    assert (found.severity, found.on) == (Severity.ERROR, f"Kine {tag}")
    assert "acknowledges creates that failed" in found.says
    assert "v0.16.4" in found.do


def test_an_unexamined_release_is_reported_as_such() -> None:
    (found,) = run_one(lost_creates, healthy(kine=written_by("v0.18.0")))
    assert "was not examined; the newest examined one is v0.17.5" in found.says
    (found,) = run_one(lost_creates, healthy(kine=written_by("v0.17.5")))
    assert "was not examined" not in found.says


def test_the_era_is_enough() -> None:
    seen = KineRelease("v0.17.3", "E20", "seen in pg_stat_statements")
    (found,) = run_one(lost_creates, yugabytedb(kine=seen))
    assert found.on == "Kine v0.16.6, v0.17.3 – v0.17.5"
    assert "on YugabyteDB" in found.says


@pytest.mark.parametrize("tag", ["v0.10.1", "v0.14.6-k3s1.33", "v0.16.5", "v0.17.2"])
def test_other_releases_are_fine(tag: str) -> None:
    assert run_one(lost_creates, healthy(kine=written_by(tag))) == ()


def test_without_a_release_it_is_skipped() -> None:
    assert skip_one(lost_creates, healthy(kine=Unknown("set --kine"))).reason == "set --kine"
