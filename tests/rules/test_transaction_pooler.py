from __future__ import annotations

from dataclasses import replace

from kinetune.model.facts import Connections
from kinetune.model.finding import Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.context import Limits
from kinetune.rules.transaction_pooler import transaction_pooler
from tests.rules.made import healthy, run_one, skip_one, written_by

CONNECTIONS = Connections(most=100, reserved=3, used=6, in_store=3, idle=())
POOLED = replace(CONNECTIONS, pooler="a connection pooler (it says process 5, the server 9)")


def test_a_pooler_that_shows_is_a_warning() -> None:
    (found,) = run_one(transaction_pooler, healthy(connections=POOLED))
    assert (found.severity, found.on) == (Severity.WARNING, "pooler")
    assert "a connection pooler (it says process 5" in found.says
    assert "default_query_exec_mode=exec" in found.do


def test_configured_pgbouncer_counts_without_observation() -> None:
    (found,) = run_one(transaction_pooler, healthy(connections=Unknown("no right")), limits=Limits(pgbouncer=True))
    assert "PgBouncer (from [check.limits])" in found.says


def test_a_direct_connection_is_fine() -> None:
    assert run_one(transaction_pooler, healthy()) == ()


def test_a_kine_that_prepares_nothing_is_fine() -> None:
    assert run_one(transaction_pooler, healthy(connections=POOLED, kine=written_by("v0.9.9"))) == ()


def test_hidden_connections_are_skipped() -> None:
    assert skip_one(transaction_pooler, healthy(connections=Unknown("no right"))).reason == "no right"
