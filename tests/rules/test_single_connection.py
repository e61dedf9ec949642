from __future__ import annotations

import pytest

from kinetune.config.read_files import Kind
from kinetune.model.configuration import Configuration
from kinetune.model.facts import Unknown
from kinetune.model.finding import Severity
from kinetune.rules.evidence import Limits
from kinetune.rules.single_connection import single_connection
from tests.rules.configured import beside, said, unit
from tests.rules.made import healthy, heard, skipped, written_by

FACTS = healthy(kine=written_by("v0.17.5"))


def test_one_connection_is_an_error_for_a_kine_that_needs_two() -> None:
    (found,) = heard(single_connection, FACTS, limits=Limits(pool=1))
    assert (found.severity, found.on) == (Severity.ERROR, "Kine v0.17.5")
    assert "hangs at its start" in found.says
    assert found.do == (
        "KINE_DATASTORE_MAX_OPEN_CONNECTIONS=0 in the environment of Kine, or of K3s "
        "(/etc/systemd/system/k3s.service.env)"
    )


@pytest.mark.parametrize("tag", ["v0.10.1", "v0.14.16", "v0.16.4", "v0.17.2"])
def test_every_kine_before_needs_a_second_one_at_its_start(tag: str) -> None:
    facts = healthy(kine=written_by(tag))
    (found,) = heard(single_connection, facts, limits=Limits(pool=1))
    assert found.severity is Severity.ERROR
    assert "hangs at its start" in found.says
    assert heard(single_connection, facts, limits=Limits(pool=2)) == ()
    assert heard(single_connection, facts) == ()


def test_writes_that_need_two_wait_for_each_other_at_any_bound_that_they_reach() -> None:
    (found,) = heard(single_connection, FACTS, limits=Limits(pool=10))
    assert (found.severity, found.says) == (
        Severity.WARNING,
        "each write needs two connections of 10: 10 writes at once wait for each other",
    )
    assert heard(single_connection, FACTS, limits=Limits(pool=200)) == ()


@pytest.mark.parametrize(
    ("files", "do"),
    [
        (unit("--datastore-max-open-connections=1"), "--datastore-max-open-connections=10"),
        (
            said(Kind.UNIT, "[Service]\nEnvironment=KINE_DATASTORE_MAX_OPEN_CONNECTIONS=1\nExecStart=k3s server"),
            "KINE_DATASTORE_MAX_OPEN_CONNECTIONS=10 in /etc/systemd/system/k3s.service.env, then restart K3s",
        ),
    ],
)
def test_the_remedy_is_that_of_the_program(files: Configuration, do: str) -> None:
    (found,) = heard(single_connection, beside(files, kine=written_by("v0.14.16")))
    assert found.do == do


def test_one_connection_is_too_few_whatever_the_release() -> None:
    facts = beside(unit("--datastore-max-open-connections=1"), kine=Unknown("not seen"))
    (found,) = heard(single_connection, facts)
    assert (found.severity, found.do) == (Severity.ERROR, "--datastore-max-open-connections=10")
    other = beside(unit("--datastore-max-open-connections=20"), kine=Unknown("not seen"))
    assert skipped(single_connection, other).reason == "not seen"


def test_a_bound_that_is_not_read_is_none() -> None:
    key = said(Kind.K3S, "datastore-endpoint: postgres://db/k\ndatastore-max-open-connections: 1")
    assert heard(single_connection, beside(key, kine=written_by("v0.14.16"))) == ()
    variable = unit(environment="KINE_DATASTORE_MAX_OPEN_CONNECTIONS=1")
    assert heard(single_connection, beside(variable, kine=written_by("v0.13.9"))) == ()
    assert heard(single_connection, beside(variable, kine=written_by("v0.14.16")))


def test_where_nobody_said_it_cannot_judge() -> None:
    assert "[check.limits] pool" in skipped(single_connection, FACTS).reason


def test_a_file_says_it_as_well_as_the_limits_do() -> None:
    kine = written_by("v0.17.5")
    (found,) = heard(single_connection, beside(unit("--datastore-max-open-connections=1"), kine=kine))
    assert (found.on, str(found.place)) == ("kine.service", "kine.service:2")
    assert (
        heard(single_connection, beside(unit("--datastore-max-open-connections=0"), kine=kine), limits=Limits(pool=200))
        == ()
    )
