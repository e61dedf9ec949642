from __future__ import annotations

import pytest

from kinetune.model.finding import Severity
from kinetune.rules.unbatched_joins import unbatched_joins
from kinetune.servers.identification import parse_server_name
from tests.rules.made import PLANNER, YUGABYTEDB, healthy, run_one, skip_one, yugabytedb

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
    (found,) = run_one(unbatched_joins, facts)
    assert (found.severity, found.on) == (severity, NAME)
    assert "ALTER DATABASE kubernetes SET yb_bnl_batch_size = '1024'" in found.do


def test_the_cost_is_reported_in_requests() -> None:
    facts = yugabytedb(settings=YUGABYTEDB | {NAME: "1"}, database_settings={})
    (found,) = run_one(unbatched_joins, facts)
    assert "a list of 4,000 pods takes about 4,022 requests instead of 26" in found.says


def test_a_release_that_knows_no_batches_has_to_go() -> None:
    (found,) = run_one(unbatched_joins, yugabytedb(server=parse_server_name("yugabytedb-2.14"), settings=PLANNER))
    assert found.severity is Severity.ERROR
    assert "upgrade" in found.do


def test_a_setting_kept_by_the_database_is_fine() -> None:
    assert run_one(unbatched_joins, yugabytedb()) == ()
    kept = yugabytedb(settings=YUGABYTEDB | {NAME: "1"}, database_settings={NAME: "1024"})
    assert run_one(unbatched_joins, kept) == ()


def test_postgresql_passes() -> None:
    assert run_one(unbatched_joins, healthy()) == ()


def test_an_unknown_value_is_skipped() -> None:
    assert NAME in skip_one(unbatched_joins, yugabytedb(settings=PLANNER, database_settings={})).reason
