from __future__ import annotations

import pytest

from kinetune.model.finding import Severity
from kinetune.rules.wrong_isolation_level import wrong_isolation_level
from tests.rules.made import POSTGRESQL, YUGABYTEDB, healthy, run_one, skip_one, yugabytedb

NAME = "default_transaction_isolation"


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_a_stricter_level_is_a_warning(level: str) -> None:
    (found,) = run_one(wrong_isolation_level, healthy(settings=POSTGRESQL | {NAME: level}))
    assert (found.severity, found.on) == (Severity.WARNING, NAME)
    assert f"transactions are {level}" in found.says
    assert "ALTER DATABASE kubernetes SET default_transaction_isolation = 'read committed'" in found.do


def test_a_level_kept_for_the_database_counts() -> None:
    (found,) = run_one(wrong_isolation_level, healthy(database_settings={NAME: "serializable"}))
    assert "serializable" in found.says


def test_read_committed_that_is_none_is_a_remark_on_yugabytedb() -> None:
    settings = YUGABYTEDB | {"yb_effective_transaction_isolation_level": "repeatable read"}
    (found,) = run_one(wrong_isolation_level, yugabytedb(settings=settings))
    assert found.severity is Severity.INFO
    assert "read committed runs as repeatable read" in found.says
    assert "--yb_enable_read_committed_isolation=true" in found.do


def test_read_committed_is_fine() -> None:
    assert run_one(wrong_isolation_level, healthy()) == ()
    assert run_one(wrong_isolation_level, yugabytedb()) == ()


def test_an_unknown_level_is_skipped() -> None:
    assert NAME in skip_one(wrong_isolation_level, healthy(settings={})).reason
