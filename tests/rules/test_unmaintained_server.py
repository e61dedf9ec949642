from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kinetune.model.finding import Severity
from kinetune.rules.unmaintained_server import unmaintained_server
from kinetune.servers.identification import parse_server_name
from tests.rules.made import healthy, run_one, skip_one


@pytest.mark.parametrize(
    ("server", "day", "severity", "says"),
    [
        ("postgresql-14.20", "2026-11-23", Severity.WARNING, "maintenance ended on 2026-11-12"),
        ("postgresql-14.20", "2026-11-12", Severity.INFO, "its maintenance ends on 2026-11-12"),
        ("postgresql-9.6", "2026-11-23", Severity.WARNING, "maintenance ended on 2022-11-10"),
        ("postgresql-15.18", "2027-09-01", Severity.INFO, "ends on 2027-11-11"),
        ("yugabytedb-2.20.12.0", "2026-11-23", Severity.WARNING, "maintenance ended on 2026-05-13"),
        ("yugabytedb-2.12.1.0", "2026-11-23", Severity.WARNING, "maintenance ended on 2025-01-14"),
        ("yugabytedb-2.21.0.0", "2026-11-23", Severity.WARNING, "a preview"),
        ("yugabytedb-2025.1.4.0", "2026-09-01", Severity.INFO, "ordinary fixes ended on 2026-07-23"),
        ("yugabytedb-2025.1.4.0", "2026-11-23", Severity.INFO, "its maintenance ends on 2027-01-23"),
        ("yugabytedb-2024.2.11.0", "2026-11-23", Severity.INFO, "ordinary fixes end on 2026-12-09"),
    ],
)
def test_a_line_at_its_end_is_seen(server: str, day: str, severity: Severity, says: str) -> None:
    facts = healthy(server=parse_server_name(server), observed_at=datetime.fromisoformat(day).replace(tzinfo=UTC))
    (found,) = run_one(unmaintained_server, facts)
    assert found.severity is severity
    assert says in found.says
    assert found.do.startswith("upgrade to PostgreSQL 18" if "postgresql" in server else "upgrade to YugabyteDB 2025.2")


def test_the_line_is_named_and_not_the_release() -> None:
    (found,) = run_one(unmaintained_server, healthy(server=parse_server_name("postgresql-13.4")))
    assert found.on == "PostgreSQL 13"


@pytest.mark.parametrize("server", ["postgresql-15.18", "postgresql-18.1", "yugabytedb-2025.2.8.0"])
def test_a_line_in_its_best_years_is_fine(server: str) -> None:
    assert run_one(unmaintained_server, healthy(server=parse_server_name(server))) == ()


@pytest.mark.parametrize("server", ["postgresql-19.0", "yugabytedb-2027.1.0.0"])
def test_a_line_from_after_this_kinetune_is_skipped(server: str) -> None:
    assert "newer than this kinetune" in skip_one(unmaintained_server, healthy(server=parse_server_name(server))).reason
