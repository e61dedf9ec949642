from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.releases import STEALS_IDS, describe_release
from kinetune.model.facts import KineRelease
from kinetune.model.finding import Remark, Severity
from kinetune.rules.rule import rule


@rule("KT602", Severity.WARNING)
def stolen_ids(kine: KineRelease) -> Iterator[Remark]:
    """
    The gap filler of this Kine release takes ids of writes in progress.

    Why it matters
        Before v0.11.0 the gap filler takes the id of an INSERT that is still in progress. The client gets the error
        that its new object already exists or was changed by another client: 1 of 300 creates of new keys, 7 of 4,992
        updates without any other writer (docs/facts/kine.md §0.9). On YugabyteDB writes take longer, and it happens
        more often.

    What to do
        Upgrade Kine to v0.11.0 or newer: K3s v1.28.4, v1.29.0 and newer contain it.

    When to ignore
        All clients retry their writes, and the additional errors do not matter.

    Source
        docs/facts/kine.md §0.9; kine#226, k3s#8708.
    """
    steals = STEALS_IDS.applies_to(kine)
    if steals is False:
        return
    maybe = "" if steals else "if it is older than v0.11.0 (set --kine): "
    yield Remark(
        on=describe_release(kine),
        says=f"{maybe}its gap filler may take the id of a write in progress, and the client gets a false conflict",
        do="upgrade to Kine v0.11.0 or newer (K3s v1.28.4)",
    )
