from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.traits import LOSES_CREATES, named, unread
from kinetune.model.facts import KineRelease
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour, Server
from kinetune.rules.rule import rule

CURE = "UPDATE kine SET create_revision = 0 WHERE create_revision IS NULL"
"""Without it no release that tells the truth starts (KT901)."""


@rule("KT601", Severity.ERROR)
def acknowledged_creates(kine: KineRelease, server: Server) -> Iterator[Remark]:
    """
    This Kine tells the truth about creates.

    Why it matters
        v0.16.6 and v0.17.3 to v0.17.5 answer success to a create whose INSERT failed, for whatever reason: of 3,000
        acknowledged objects 4 did not exist after a few connections were cut on plain PostgreSQL, and no client saw an
        error. On YugabyteDB each race for an id is such a failure: 6 of 400 (docs/facts/measured.md §1 and §2). A
        Secret or a Pod that kubectl reported as created is simply not there.

    What to do
        Run v0.16.4 (K3s v1.36.4), which gave errors instead when measured; v0.16.5 and v0.17.2 are the newest without
        the changed code. These do not start on the NULL that the others store in create_revision (KT901), so before
        that, with Kine stopped on every server:

            UPDATE kine SET create_revision = 0 WHERE create_revision IS NULL

        Until then keep the sequence without gaps (KT201).

    When to ignore
        A release that mends it is not known. If you know one, say so in the reason of the ignore.

    Source
        docs/facts/measured.md §2: pkg/logstructured/logstructured.go, Create.
    """
    if LOSES_CREATES.of(kine):
        often = ", with every race for an id on YugabyteDB" if server.flavour is Flavour.YUGABYTEDB else ""
        yield Remark(
            on=named(kine),
            says=f"acknowledges creates that failed: objects are lost without an error{often}{unread(kine)}",
            do=f"stop Kine; {CURE}; run Kine v0.16.4 (K3s v1.36.4) until a release is known that mends it",
        )
