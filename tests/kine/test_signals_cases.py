"""The logs of public reports (tests/data/cases): which signals they have, with cause, fix and releases."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from kinetune.kine.signals import BY_KIND, SIGNAL_KINDS
from kinetune.kine.start_failures import is_start_failure
from kinetune.logs.options import LogOptions, LogSources
from kinetune.logs.read_logs import read_logs
from kinetune.model.hotspot import SignalCount
from kinetune.rules.table import RULES

CASES = Path(__file__).parent.parent / "data" / "cases"
EXPECTED: dict[str, dict[str, int]] = {
    "01/k3s.log": {"start-failed-database-name": 1},
    "02/k3s.log": {"start-failed-database-postgres": 1},
    "03/k3s.log": {"start-failed-database-postgres": 1},
    "04/k3s.log": {"start-failed-certificate-expired": 1},
    "05/vcluster.log": {"no-connections": 5},
    "06/kine.log": {"compaction-unsupported": 3},
    "07/k3s.log": {"start-failed-other-token": 1},
    "08/k3s.log": {"revision-compacted": 3},
    "12/k3s.log": {"leadership-lost": 1, "write-failed": 1},
    "15/k0s.log": {"start-failed-invalid-endpoint": 1, "duplicate-key": 1},
    "16/kine.log": {"no-table": 1, "ttl-stopped": 1},
    "17/kube-apiserver.log": {"kine-unreachable": 1, "storage-error": 1},
    "68/kine.log": {"serialization": 3, "catalog-changed": 1},
    "68/yb.log": {"serialization": 2, "catalog-changed": 1, "node-timeout": 1, "connection-terminated": 1},
    "73/k3s.log": {"start-failed-refused": 2},
    "73/k3s-1.31.log": {"start-waiting-refused": 1, "start-waiting-password": 1},
    "74/k3s.log": {"no-compacted-value": 3},
    "75/k3s.log": {"start-failed-no-compaction-row": 1, "no-compaction-row": 1},
}

RECORDED: dict[str, dict[str, int]] = {
    "k3s-start-wrong-password.log": {"start-waiting-password": 4, "database-check-failed": 2},
    "k3s-start-missing-database.log": {"start-waiting-no-database": 4, "database-check-failed": 1},
    "k3s-start-wrong-token.log": {"start-failed-other-token": 1},
    "k3s-start-unknown-flag.log": {"start-failed-unknown-flag": 1},
    "k3s-postgresql-killed.log": {"unreachable": 13, "leadership-lost": 1},
    "k3s-sqlite-table-gone.log": {"no-table": 2},
}


def read_signals(path: Path) -> tuple[SignalCount, ...]:
    return read_logs(LogSources((str(path),)), LogOptions()).signals


@pytest.mark.parametrize("name", EXPECTED)
def test_the_log_of_a_report_has_its_signals(name: str) -> None:
    signals = read_signals(CASES / name)
    assert {signal.kind: signal.count for signal in signals} == EXPECTED[name]
    assert all(signal.example and signal.first <= signal.last for signal in signals)


@pytest.mark.parametrize("name", RECORDED)
def test_the_log_of_a_real_k3s_has_its_signals(name: str) -> None:
    signals = read_signals(CASES.parent / "logs" / name)
    assert {signal.kind: signal.count for signal in signals} == RECORDED[name]


def test_a_start_failure_says_cause_fix_and_releases() -> None:
    (postgres,) = read_signals(CASES / "02" / "k3s.log")
    assert postgres.words.startswith("Kine did not start: ")
    assert postgres.start_failed
    assert "v0.11.0–v0.11.2" in postgres.releases
    assert "1.28.4–1.28.6" in postgres.releases
    assert "upgrade" in postgres.fix
    (token,) = read_signals(CASES / "07" / "k3s.log")
    assert token.words.startswith("K3s did not start: the token")
    (certificate,) = read_signals(CASES / "04" / "k3s.log")
    assert "database server" in certificate.cause
    (name,) = read_signals(CASES / "01" / "k3s.log")
    assert name.releases == "Kine before v0.13.0"


@pytest.mark.parametrize(
    ("error", "release", "kind"),
    [
        ('database "postgres" does not exist (SQLSTATE 3D000)', "v1.28.5+k3s1", "start-failed-database-postgres"),
        ('database "postgres" does not exist (SQLSTATE 3D000)', "v1.28.7+k3s1", "start-failed-no-database"),
        ('database "postgres" does not exist (SQLSTATE 3D000)', "v1.38.0+k3s1", "start-failed-database-postgres"),
        ('syntax error at or near "-" (SQLSTATE 42601)', "v1.28.14+k3s1", "start-failed-database-name"),
        ('syntax error at or near "-" (SQLSTATE 42601)', "v1.28.15+k3s1", "start-failed"),
    ],
)
def test_a_cause_that_the_release_has_not_is_not_named(error: str, release: str, kind: str, tmp_path: Path) -> None:
    log = tmp_path / "k3s.log"
    log.write_text(
        f'time="2026-11-27T22:02:50Z" level=info msg="Starting k3s {release} (6ba6c1b6)"\n'
        f'time="2026-11-27T22:02:58Z" level=fatal msg="building kine: ERROR: {error}"\n'.replace(
            '"postgres"', r"\"postgres\""
        )
    )
    (signal,) = read_signals(log)
    assert signal.kind == kind
    assert signal.fix


def test_a_signal_has_the_time_of_its_first_and_last_line() -> None:
    (compaction,) = read_signals(CASES / "06" / "kine.log")
    assert compaction.last - compaction.first == 600
    assert compaction.rule == "KT501"
    assert "5 s" not in compaction.words


def test_an_example_has_no_part_of_an_endpoint_that_cannot_be_parsed(tmp_path: Path) -> None:
    log = tmp_path / "kine.log"
    for endpoint, wrong in (
        ("postgres://k0s:geheim@db:5432k0s", r"invalid port \\\":5432k0s\\\" after host"),
        ("postgres://k0s:ge", r"invalid port \\\":ge\\\" after host"),
        ("postgres://k0s:geheim%zz@db/x", r"invalid URL escape \\\"%zz\\\""),
        ("mysql://root:geheim@tcp(db:3306)/kine", r"invalid port \\\":3306)\\\" after host"),
    ):
        parsed = rf"parse \"{endpoint}\": {wrong}".replace(r"\\", "")
        log.write_text(f'time="2026-11-27T22:02:58Z" level=fatal msg="building kine: {parsed}"\n', encoding="utf-8")
        (signal,) = read_signals(log)
        assert signal.kind == "start-failed-invalid-endpoint"
        assert not re.search(r"ge\b|geheim|k0s|%zz|root", signal.example), signal.example
    words = "cannot parse `host=db user=kine password=geheim sslmode=on`: sslmode is invalid"
    log.write_text(f'time="2026-11-27T22:02:58Z" level=fatal msg="building kine: {words}"\n', encoding="utf-8")
    (signal,) = read_signals(log)
    assert "geheim" not in signal.example
    assert "host=db" in signal.example


def test_no_fix_moves_renames_or_drops_the_table() -> None:
    for kind in SIGNAL_KINDS:
        assert not re.search(r"\b(drop|rename|move|truncate|delete)\b", kind.fix, re.IGNORECASE), kind.kind
        assert not kind.fix.endswith(".")
        assert not kind.cause.endswith(".")
        assert kind.fix or not kind.cause, kind.kind


def test_kinds_are_distinct_and_name_rules_that_exist() -> None:
    assert not [kind for kind, count in Counter(kind.kind for kind in SIGNAL_KINDS).items() if count > 1]
    codes = {rule.code for rule in RULES}
    assert not {kind.rule for kind in BY_KIND.values() if kind.rule} - codes
    failed = [kind for kind in SIGNAL_KINDS if is_start_failure(kind.kind)]
    assert all("did not start" in kind.words and kind.cause for kind in failed)
