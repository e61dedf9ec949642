from __future__ import annotations

import pytest

from kinetune.config.read_files import FileKind
from kinetune.model.configuration import Configuration
from kinetune.model.finding import Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.context import Limits
from kinetune.rules.too_few_connections import too_few_connections
from tests.rules.configured import beside, parse_files, unit
from tests.rules.made import healthy, run_one, skip_one, written_by

FACTS = healthy(kine=written_by("v0.17.5"))


def test_one_connection_is_an_error_for_a_kine_that_needs_two() -> None:
    (found,) = run_one(too_few_connections, FACTS, limits=Limits(pool=1))
    assert (found.severity, found.on) == (Severity.ERROR, "Kine v0.17.5")
    assert "hangs at its start" in found.says
    assert found.do == (
        "KINE_DATASTORE_MAX_OPEN_CONNECTIONS=0 in the environment of Kine, or of K3s "
        "(/etc/systemd/system/k3s.service.env)"
    )


@pytest.mark.parametrize("tag", ["v0.10.1", "v0.14.16", "v0.16.4", "v0.17.2"])
def test_every_kine_before_needs_a_second_one_at_its_start(tag: str) -> None:
    facts = healthy(kine=written_by(tag))
    (found,) = run_one(too_few_connections, facts, limits=Limits(pool=1))
    assert found.severity is Severity.ERROR
    assert "hangs at its start" in found.says
    assert run_one(too_few_connections, facts, limits=Limits(pool=2)) == ()
    assert run_one(too_few_connections, facts) == ()


def test_writes_that_need_two_wait_for_each_other_at_any_bound_that_they_reach() -> None:
    (found,) = run_one(too_few_connections, FACTS, limits=Limits(pool=10))
    assert (found.severity, found.says) == (
        Severity.WARNING,
        "each write needs two of 10 connections: 10 concurrent writes block each other",
    )
    assert run_one(too_few_connections, FACTS, limits=Limits(pool=200)) == ()


@pytest.mark.parametrize(
    ("files", "do"),
    [
        (unit("--datastore-max-open-connections=1"), "--datastore-max-open-connections=10"),
        (
            parse_files(
                FileKind.UNIT, "[Service]\nEnvironment=KINE_DATASTORE_MAX_OPEN_CONNECTIONS=1\nExecStart=k3s server"
            ),
            "KINE_DATASTORE_MAX_OPEN_CONNECTIONS=10 in /etc/systemd/system/k3s.service.env, then restart K3s",
        ),
    ],
)
def test_the_remedy_is_that_of_the_program(files: Configuration, do: str) -> None:
    (found,) = run_one(too_few_connections, beside(files, kine=written_by("v0.14.16")))
    assert found.do == do


def test_one_connection_is_too_few_whatever_the_release() -> None:
    facts = beside(unit("--datastore-max-open-connections=1"), kine=Unknown("not seen"))
    (found,) = run_one(too_few_connections, facts)
    assert (found.severity, found.do) == (Severity.ERROR, "--datastore-max-open-connections=10")
    other = beside(unit("--datastore-max-open-connections=20"), kine=Unknown("not seen"))
    assert skip_one(too_few_connections, other).reason == "not seen"


def test_a_bound_that_is_not_read_is_none() -> None:
    key = parse_files(FileKind.K3S, "datastore-endpoint: postgres://db/k\ndatastore-max-open-connections: 1")
    assert run_one(too_few_connections, beside(key, kine=written_by("v0.14.16"))) == ()
    variable = unit(environment="KINE_DATASTORE_MAX_OPEN_CONNECTIONS=1")
    assert run_one(too_few_connections, beside(variable, kine=written_by("v0.13.9"))) == ()
    assert run_one(too_few_connections, beside(variable, kine=written_by("v0.14.16")))


def test_without_a_limit_it_is_skipped() -> None:
    assert "in [check.limits]" in skip_one(too_few_connections, FACTS).reason


def test_a_file_says_it_as_well_as_the_limits_do() -> None:
    kine = written_by("v0.17.5")
    (found,) = run_one(too_few_connections, beside(unit("--datastore-max-open-connections=1"), kine=kine))
    assert (found.on, str(found.place)) == ("kine.service", "kine.service:2")
    assert (
        run_one(
            too_few_connections, beside(unit("--datastore-max-open-connections=0"), kine=kine), limits=Limits(pool=200)
        )
        == ()
    )
