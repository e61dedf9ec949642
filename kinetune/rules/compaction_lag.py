from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.traits import LEAVES_COMPACTION
from kinetune.model.facts import Facts, Growth, KineRelease, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.plans.numbers import count
from kinetune.rules.rule import rule

UNBORN = 10_000  # an hour of a small cluster: compaction has had its chance, it comes every five minutes
BEHIND = 100_000  # five minutes at 330 writes a second: beyond any K3s cluster's rhythm
FAR_BEHIND = 1_000_000  # a thousand batches of 1,000: days at the pace of Kine's five-second transactions


@rule("KT501", Severity.WARNING)
def compaction_lag(growth: Growth, facts: Facts) -> Iterator[Remark]:
    """
    Compaction follows the newest revision.

    Why it matters
        Every write is a row, and nothing but compaction deletes any. When it stops, lists and watches read more each
        day: a K3s cluster was found with 26,000,000 rows and 20 GB (k3s#10619), another with 990,000 rows and lists of
        12 s (k3s#9256).

    What to do
        Up to v0.16.0 Kine compacts by itself every five minutes: look for `Compact failed` in its log, give it time
        (--compact-timeout=30s, from v0.13.15), and leave v0.13.3 to v0.13.9 behind, which stall after an error. From
        v0.16.1 on Kine leaves it to the API server, whose --etcd-compaction-interval must not be 0; without an API
        server set Kine's --compact-interval=5m.

    When to ignore
        A bulk import has just ended, and the lag shrinks from look to look.

    Source
        docs/facts/kine.md §1.2, §2.4 and §7.
    """
    lag = growth.current_revision - (growth.compacted_revision or 0)
    if growth.compacted_revision is None and lag > UNBORN:
        says = f"never compacted, {count(lag)} revisions kept: every list reads through them"
    elif lag > BEHIND:
        says = f"compaction is {count(lag)} revisions behind: every list reads through them"
    else:
        return
    severity = Severity.ERROR if lag > FAR_BEHIND else Severity.WARNING
    yield Remark(on="kine", says=says, do=who_compacts(facts.kine), severity=severity)


def who_compacts(kine: KineRelease | Unknown) -> str:
    """Where to look, by the release that writes here."""
    leaves = None if isinstance(kine, Unknown) else LEAVES_COMPACTION.of(kine)
    server = "start kube-apiserver with --etcd-compaction-interval=5m (K3s: --kube-apiserver-arg)"
    itself = "grep 'Compact failed' in Kine's log, and give it --compact-timeout=30s (v0.13.15 and newer)"
    if leaves is None:
        return f"up to v0.16.0: {itself}; from v0.16.1 on: {server}"
    return server if leaves else itself
