from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.releases import LOSES_CREATES, describe_release, describe_unread_release
from kinetune.model.facts import KineRelease
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour, Server
from kinetune.rules.rule import rule

CURE = "UPDATE kine SET create_revision = 0 WHERE create_revision IS NULL"
"""Releases without this defect do not start on NULL (KT901)."""


@rule("KT601", Severity.ERROR)
def lost_creates(kine: KineRelease, server: Server) -> Iterator[Remark]:
    """
    This Kine release acknowledges creates that failed.

    Why it matters
        v0.16.6 and v0.17.3 to v0.17.5 report success for a create whose INSERT failed for any reason. Of 3,000
        acknowledged objects 4 did not exist after a few connections were closed on PostgreSQL, and no client got an
        error. On YugabyteDB each race for an id is such a failure: 6 of 400 (docs/facts/measured.md §1 and §2). A
        Secret or Pod that kubectl reported as created then does not exist.

    What to do
        Run v0.16.4 (K3s v1.36.4), which returned errors when measured; v0.16.5 and v0.17.2 are the newest releases
        without the changed code. These releases do not start on the NULL that the newer ones store in create_revision
        (KT901), so run this first, with Kine stopped on every server:

            UPDATE kine SET create_revision = 0 WHERE create_revision IS NULL

        Until then keep the sequence without gaps (KT201).

    When to ignore
        A release that fixes this is not known. If you know one, give it as the reason.

    Source
        docs/facts/measured.md §2: pkg/logstructured/logstructured.go, Create.
    """
    if LOSES_CREATES.applies_to(kine):
        races = ", on YugabyteDB with every race for an id" if server.flavour is Flavour.YUGABYTEDB else ""
        yield Remark(
            on=describe_release(kine),
            says="acknowledges creates that failed: objects are lost without an "
            f"error{races}{describe_unread_release(kine)}",
            do=f"stop Kine; {CURE}; run Kine v0.16.4 (K3s v1.36.4) until a fixed release is known",
        )
