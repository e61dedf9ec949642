from __future__ import annotations

import pytest

from kinetune.model.facts import Integrity
from kinetune.model.finding import Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.null_columns import null_columns
from tests.rules.made import healthy, run_one, skip_one, written_by


def looked(rows: int, *, whole: bool = True) -> Integrity:
    return Integrity(looked=4_000, whole=whole, nulls={"create_revision": rows, "lease": 0}, compaction_rows=1)


@pytest.mark.parametrize(
    ("tag", "severity"),
    [
        ("v0.17.5", Severity.INFO),
        ("v0.17.3", Severity.INFO),
        ("v0.16.6", Severity.INFO),
        ("v0.17.2", Severity.ERROR),
        ("v0.16.5", Severity.ERROR),
        ("v0.10.1", Severity.ERROR),
    ],
)
def test_null_is_an_error_to_the_releases_that_cannot_read_it(tag: str, severity: Severity) -> None:
    (finding,) = run_one(null_columns, healthy(integrity=looked(12), kine=written_by(tag)))
    assert (finding.severity, finding.on) == (severity, "kine.create_revision")
    assert "12 of 4,000 rows" in finding.says
    assert finding.do == (
        "stop Kine; UPDATE public.kine SET create_revision = 0 WHERE create_revision IS NULL; start Kine"
    )


def test_without_a_release_it_is_info() -> None:
    (finding,) = run_one(null_columns, healthy(integrity=looked(1), kine=Unknown("nobody said")))
    assert finding.severity is Severity.INFO


def test_unchecked_rows_do_not_count_as_checked() -> None:
    assert not run_one(null_columns, healthy(integrity=looked(0), kine=written_by("v0.10.1")))
    part = healthy(integrity=looked(0, whole=False), kine=written_by("v0.10.1"))
    assert "only the oldest and newest rows" in skip_one(null_columns, part).reason
    assert not run_one(null_columns, healthy(integrity=looked(0, whole=False), kine=written_by("v0.17.5")))
