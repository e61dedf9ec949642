from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.traits import STEALS_IDS, named
from kinetune.model.facts import KineRelease
from kinetune.model.finding import Remark, Severity
from kinetune.rules.rule import rule


@rule("KT602", Severity.WARNING)
def stolen_ids(kine: KineRelease) -> Iterator[Remark]:
    """
    This Kine gives an id to the write that drew it.

    Why it matters
        Before v0.11.0 the filler of gaps takes the id of an INSERT that is still under way. The client is told that
        its new object exists already, or that somebody changed it: 1 of 300 creates of brand-new keys, 7 of 4,992
        updates nobody else touched (docs/facts/kine.md §0.9). On YugabyteDB writes take longer and it happens more.

    What to do
        Upgrade Kine to v0.11.0 or newer: K3s v1.28.4, v1.29.0 and newer have it.

    When to ignore
        Every client repeats its writes, and nobody minds the noise.

    Source
        docs/facts/kine.md §0.9; kine#226, k3s#8708.
    """
    steals = STEALS_IDS.of(kine)
    if steals is False:
        return
    maybe = "" if steals else "if it is older than v0.11.0 (say it with --kine): "
    yield Remark(
        on=named(kine),
        says=f"{maybe}filling a gap may take the id of a write under way, whose client then sees a false conflict",
        do="upgrade to Kine v0.11.0 or newer (K3s v1.28.4)",
    )
