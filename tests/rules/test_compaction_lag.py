from __future__ import annotations

from dataclasses import replace

import pytest

from kinetune.model.facts import Facts, Growth
from kinetune.model.finding import Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.compaction_lag import compaction_lag
from tests.rules.made import healthy, run_one, written_by


def store(current: int, compacted: int | None, kine: str = "v0.14.16") -> Facts:
    growth = healthy().growth
    assert isinstance(growth, Growth)
    growth = replace(growth, current_revision=current, compacted_revision=compacted)
    return healthy(growth=growth, kine=written_by(kine))


@pytest.mark.parametrize(
    ("current", "compacted", "severity", "says"),
    [
        (300_000, 150_000, Severity.WARNING, "compaction is 150,000 revisions behind"),
        (3_000_000, 150_000, Severity.ERROR, "compaction is 2,850,000 revisions behind"),
        (20_000, None, Severity.WARNING, "never compacted, 20,000 revisions"),
        (2_000_000, None, Severity.ERROR, "never compacted"),
    ],
)
def test_a_lag_is_seen(current: int, compacted: int | None, severity: Severity, says: str) -> None:
    (found,) = run_one(compaction_lag, store(current, compacted))
    assert (found.severity, found.on) == (severity, "kine")
    assert says in found.says


def test_kine_compacts_up_to_v0_16_0_and_the_api_server_from_then_on() -> None:
    (old,) = run_one(compaction_lag, store(300_000, 0))
    (new,) = run_one(compaction_lag, store(300_000, 0, "v0.16.1"))
    assert old.do.startswith("search Kine's log for 'Compact failed'")
    assert new.do.startswith("start kube-apiserver with --etcd-compaction-interval=5m")


def test_without_the_release_both_remedies_are_shown() -> None:
    (found,) = run_one(compaction_lag, replace(store(300_000, 0), kine=Unknown("not seen")))
    assert "up to v0.16.0" in found.do
    assert "v0.16.1 and newer" in found.do


@pytest.mark.parametrize(("current", "compacted"), [(60_000, 58_500), (9_000, None), (1_000_000, 900_000)])
def test_a_store_that_keeps_up_is_fine(current: int, compacted: int | None) -> None:
    assert run_one(compaction_lag, store(current, compacted)) == ()
