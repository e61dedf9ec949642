from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_number
from kinetune.kine.releases import LEAVES_COMPACTION
from kinetune.model.facts import Facts, Growth, KineRelease
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.rule import rule

UNBORN = 10_000  # an hour of a small cluster, in which compaction should have run twelve times
BEHIND = 100_000  # five minutes at 330 writes per second, more than any K3s cluster writes
FAR_BEHIND = 1_000_000  # 1,000 batches of compaction, each a transaction of up to five seconds


@rule("KT501", Severity.WARNING)
def compaction_lag(growth: Growth, facts: Facts) -> Iterator[Remark]:
    """
    Compaction is far behind the newest revision.

    Why it matters
        Every write adds a row, and only compaction deletes rows. When it stops, lists and watches read more every day:
        one K3s cluster had 26,000,000 rows and 20 GB (k3s#10619), another 990,000 rows and lists of 12 s (k3s#9256).

    What to do
        Kine up to v0.16.0 compacts every five minutes: search its log for `Compact failed`, increase its timeout
        (--compact-timeout=30s, from v0.13.15 on), and do not run v0.13.3 to v0.13.9, which stop compacting after an
        error. From v0.16.1 on the API server compacts: its --etcd-compaction-interval must not be 0. Without an API
        server set --compact-interval=5m for Kine.

    When to ignore
        A bulk import has just finished, and the lag decreases from check to check.

    Source
        docs/facts/kine.md §1.2, §2.4 and §7.
    """
    # A store that was never compacted has no compacted revision: all its revisions are behind.
    lag = growth.current_revision - (growth.compacted_revision or 0)
    if growth.compacted_revision is None and lag > UNBORN:
        says = f"never compacted, {format_number(lag)} revisions: every list reads through them"
    elif lag > BEHIND:
        says = f"compaction is {format_number(lag)} revisions behind: every list reads through them"
    else:
        return
    severity = Severity.ERROR if lag > FAR_BEHIND else Severity.WARNING
    yield Remark(on="kine", says=says, do=compaction_remedy(facts.kine), severity=severity)


def compaction_remedy(kine: KineRelease | Unknown) -> str:
    """How to make compaction work, depending on the Kine release."""
    leaves = None if isinstance(kine, Unknown) else LEAVES_COMPACTION.applies_to(kine)
    server = "start kube-apiserver with --etcd-compaction-interval=5m (K3s: --kube-apiserver-arg)"
    itself = "search Kine's log for 'Compact failed' and start it with --compact-timeout=30s (v0.13.15 and newer)"
    if leaves is None:
        return f"Kine up to v0.16.0: {itself}; v0.16.1 and newer: {server}"
    return server if leaves else itself
