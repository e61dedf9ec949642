from __future__ import annotations

import pytest

from kinetune.model.finding import Severity
from kinetune.rules.batched_nested_loops import batched_nested_loops
from kinetune.servers.recognise import named
from tests.rules.made import PLANNER, YUGABYTEDB, healthy, heard, skipped, yugabytedb

NAME = "yb_bnl_batch_size"


@pytest.mark.parametrize(
    ("in_force", "kept", "severity"),
    [
        ("1", {}, Severity.ERROR),
        ("1024", {NAME: "1"}, Severity.ERROR),
        ("64", {}, Severity.WARNING),
        ("1024", {}, Severity.INFO),
    ],
)
def test_joins_without_batches_are_seen(in_force: str, kept: dict[str, str], severity: Severity) -> None:
    facts = yugabytedb(settings=YUGABYTEDB | {NAME: in_force}, database_settings=kept)
    (found,) = heard(batched_nested_loops, facts)
    assert (found.severity, found.on) == (severity, NAME)
    assert "ALTER DATABASE kubernetes SET yb_bnl_batch_size = '1024'" in found.do


def test_the_price_is_told_in_requests() -> None:
    facts = yugabytedb(settings=YUGABYTEDB | {NAME: "1"}, database_settings={})
    (found,) = heard(batched_nested_loops, facts)
    assert "a list of 4,000 pods takes about 4,022 requests instead of 26" in found.says


def test_a_release_that_knows_no_batches_has_to_go() -> None:
    (found,) = heard(batched_nested_loops, yugabytedb(server=named("yugabytedb-2.14"), settings=PLANNER))
    assert found.severity is Severity.ERROR
    assert "upgrade" in found.do


def test_a_setting_kept_by_the_database_is_fine() -> None:
    assert heard(batched_nested_loops, yugabytedb()) == ()
    kept = yugabytedb(settings=YUGABYTEDB | {NAME: "1"}, database_settings={NAME: "1024"})
    assert heard(batched_nested_loops, kept) == ()


def test_postgresql_passes() -> None:
    assert heard(batched_nested_loops, healthy()) == ()


def test_a_server_that_does_not_tell_is_not_judged() -> None:
    assert NAME in skipped(batched_nested_loops, yugabytedb(settings=PLANNER, database_settings={})).reason
