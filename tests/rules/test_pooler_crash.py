from __future__ import annotations

import pytest

from kinetune.model.facts import Connections, KineRelease
from kinetune.model.finding import Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.context import Limits
from kinetune.rules.pooler_crash import pooler_crash
from tests.rules.made import healthy, run_one, skip_one, written_by

PGBOUNCER = Limits(pgbouncer=True)
POOLED = Connections(most=100, reserved=3, used=6, in_store=3, idle=(), pooler="a connection pooler")


@pytest.mark.parametrize("tag", ["v0.16.1", "v0.17.2"])
def test_a_new_kine_behind_pgbouncer_is_an_error(tag: str) -> None:
    (found,) = run_one(pooler_crash, healthy(kine=written_by(tag)), limits=PGBOUNCER)
    assert (found.severity, found.on) == (Severity.ERROR, f"Kine {tag}")
    assert "K3s panics shortly after its start (k3s#14525)" in found.says
    assert found.do == "set --datastore-endpoint to the server itself"


def test_a_pooler_of_unknown_make_is_a_warning() -> None:
    (found,) = run_one(pooler_crash, healthy(connections=POOLED))
    assert found.severity is Severity.WARNING
    assert "perhaps PgBouncer" in found.says


def test_an_era_that_spans_the_change_is_reported_conditionally() -> None:
    era = KineRelease("v0.16.0", "E17", "seen in pg_stat_statements")
    (found,) = run_one(pooler_crash, healthy(kine=era), limits=PGBOUNCER)
    assert found.severity is Severity.WARNING
    assert found.says.startswith("if it is v0.16.1 or newer")


def test_an_older_kine_or_a_direct_connection_is_fine() -> None:
    assert run_one(pooler_crash, healthy(kine=written_by("v0.15.0")), limits=PGBOUNCER) == ()
    assert run_one(pooler_crash, healthy()) == ()


def test_hidden_connections_are_skipped() -> None:
    assert skip_one(pooler_crash, healthy(connections=Unknown("no right"))).reason == "no right"
