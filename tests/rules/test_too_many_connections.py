from __future__ import annotations

import pytest

from kinetune.model.facts import Connections
from kinetune.model.finding import Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.context import Limits
from kinetune.rules.too_many_connections import too_many_connections
from tests.rules.made import healthy, run_one, skip_one, written_by


def server(used: int, in_store: int = 3) -> Connections:
    return Connections(most=100, reserved=3, used=used, in_store=in_store, idle=())


@pytest.mark.parametrize(
    ("pool", "servers", "severity", "says"),
    [
        (30, 3, Severity.WARNING, "3 × 30 connections of Kine and 3 of other programs are 96 % of the 97"),
        (40, 3, Severity.ERROR, "3 × 40 connections of Kine"),
        (90, 0, Severity.WARNING, "1 × 90 connections of Kine"),
    ],
)
def test_pools_that_do_not_fit_are_seen_before_they_fill(
    pool: int, servers: int, severity: Severity, says: str
) -> None:
    (found,) = run_one(too_many_connections, healthy(), limits=Limits(pool=pool, servers=servers))
    assert (found.severity, found.on) == (severity, "max_connections")
    assert says in found.says
    assert found.do.startswith("KINE_DATASTORE_MAX_OPEN_CONNECTIONS=10 in the environment of Kine, or of K3s")


@pytest.mark.parametrize(
    ("tag", "do"),
    [
        ("v0.13.9", "--datastore-max-open-connections=10 for standalone Kine (this K3s release has no setting for it"),
        ("v0.17.5", "raise max_connections and restart the database: Kine v0.17.5 stops with a limit (KT603)"),
    ],
)
def test_the_remedy_is_one_that_the_release_has(tag: str, do: str) -> None:
    facts = healthy(kine=written_by(tag), connections=server(97))
    assert run_one(too_many_connections, facts)[0].do.startswith(do)


@pytest.mark.parametrize(("used", "severity"), [(80, Severity.WARNING), (97, Severity.ERROR)])
def test_a_server_that_is_nearly_full_is_seen_now(used: int, severity: Severity) -> None:
    (found,) = run_one(too_many_connections, healthy(connections=server(used, 60)))
    assert found.severity is severity
    assert f"{used} of 97 connections are in use, 60 of them in this database" in found.says


def test_others_count_beside_kine() -> None:
    assert run_one(too_many_connections, healthy(connections=server(10)), limits=Limits(pool=20, servers=3)) == ()
    (found,) = run_one(too_many_connections, healthy(connections=server(40)), limits=Limits(pool=20, servers=3))
    assert "37 of other programs" in found.says


def test_a_server_with_room_is_fine() -> None:
    assert run_one(too_many_connections, healthy()) == ()


def test_hidden_connections_are_skipped() -> None:
    assert skip_one(too_many_connections, healthy(connections=Unknown("no right"))).reason == "no right"
