from __future__ import annotations

from kinetune.model.finding import Severity
from kinetune.rules.evidence import Limits
from kinetune.rules.single_connection import single_connection
from tests.rules.configured import beside, unit
from tests.rules.made import healthy, heard, skipped, written_by

FACTS = healthy(kine=written_by("v0.17.5"))


def test_one_connection_is_an_error_for_a_kine_that_needs_two() -> None:
    (found,) = heard(single_connection, FACTS, limits=Limits(pool=1))
    assert (found.severity, found.on) == (Severity.ERROR, "Kine v0.17.5")
    assert "hangs at its start" in found.says
    assert found.do == "--datastore-max-open-connections=10"


def test_more_connections_or_another_kine_are_fine() -> None:
    assert heard(single_connection, FACTS, limits=Limits(pool=2)) == ()
    assert heard(single_connection, healthy(), limits=Limits(pool=1)) == ()
    assert heard(single_connection, healthy()) == ()


def test_where_nobody_said_it_cannot_judge() -> None:
    assert "[check.limits] pool" in skipped(single_connection, FACTS).reason


def test_a_file_says_it_as_well_as_the_limits_do() -> None:
    kine = written_by("v0.17.5")
    (found,) = heard(single_connection, beside(unit("--datastore-max-open-connections=1"), kine=kine))
    assert (found.on, str(found.place)) == ("kine.service", "kine.service:2")
    assert heard(single_connection, beside(unit("--datastore-max-open-connections=20"), kine=kine)) == ()
