from __future__ import annotations

import pytest

from kinetune.model.facts import KineRelease, Unknown
from kinetune.model.finding import Severity
from kinetune.rules.acknowledged_creates import acknowledged_creates
from tests.rules.made import healthy, heard, skipped, written_by, yugabytedb


@pytest.mark.parametrize("tag", ["v0.16.6", "v0.17.3", "v0.17.5", "v0.18.0"])
def test_releases_that_lose_creates_are_an_error(tag: str) -> None:
    (found,) = heard(acknowledged_creates, healthy(kine=written_by(tag)))
    assert (found.severity, found.on) == (Severity.ERROR, f"Kine {tag}")
    assert "acknowledges creates that failed" in found.says
    assert "v0.16.4" in found.do


def test_a_release_that_nobody_has_read_is_said_to_be_so() -> None:
    (found,) = heard(acknowledged_creates, healthy(kine=written_by("v0.18.0")))
    assert "was not read; the newest that was is v0.17.5" in found.says
    (found,) = heard(acknowledged_creates, healthy(kine=written_by("v0.17.5")))
    assert "was not read" not in found.says


def test_the_era_is_enough() -> None:
    seen = KineRelease("v0.17.3", "E20", "seen in pg_stat_statements")
    (found,) = heard(acknowledged_creates, yugabytedb(kine=seen))
    assert found.on == "Kine v0.16.6, v0.17.3 – v0.17.5"
    assert "on YugabyteDB" in found.says


@pytest.mark.parametrize("tag", ["v0.10.1", "v0.14.6-k3s1.33", "v0.16.5", "v0.17.2"])
def test_other_releases_are_fine(tag: str) -> None:
    assert heard(acknowledged_creates, healthy(kine=written_by(tag))) == ()


def test_without_a_release_it_cannot_judge() -> None:
    assert skipped(acknowledged_creates, healthy(kine=Unknown("say it with --kine"))).reason == "say it with --kine"
