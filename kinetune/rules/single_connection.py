from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.traits import WRITES_OUTSIDE_ITS_TRANSACTION, named
from kinetune.model.configuration import STORES, Configuration, Part
from kinetune.model.facts import KineRelease, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.rules.evidence import Limits
from kinetune.rules.rule import rule

NEEDED = 2
ADVISED = 10


@rule("KT603", Severity.ERROR)
def single_connection(kine: KineRelease, limits: Limits, files: Configuration) -> Iterator[Remark | Unknown]:
    """
    Kine may open as many connections as one write needs.

    Why it matters
        v0.16.6 and v0.17.3 to v0.17.5 begin a transaction on one connection and send the INSERT on another. With
        --datastore-max-open-connections=1 the second never comes: Kine hangs at its start, its port stays closed, and
        K3s with it (measured, docs/facts/kine.md §0.7).

    What to do
        Give --datastore-max-open-connections=10, or leave it out (no bound), on each K3s server.

    When to ignore
        Never with these releases. Others need one connection a write.

    Source
        docs/facts/kine.md §0.7. The bound is what you said ([check.limits] pool) or what a configuration file says; the
        database does not show it.
    """
    if WRITES_OUTSIDE_ITS_TRANSACTION.of(kine) is not True:
        return
    bounded = [part for part in files.of(*STORES) if _bound(part)]
    yield from (_too_few(part) for part in bounded if _bound(part) < NEEDED)
    if not limits.pool and not bounded:
        yield Unknown("nobody said how many connections Kine may open ([check.limits] pool in kinetune.toml)")
    elif 0 < limits.pool < NEEDED:
        yield Remark(
            on=named(kine),
            says="each write needs two connections and Kine may open one: it hangs at its start",
            do=f"--datastore-max-open-connections={ADVISED}",
        )


def _bound(part: Part) -> int:
    """How many connections the file lets it open; 0 where it sets no bound."""
    setting = part.find("datastore-max-open-connections")
    return int(setting.value) if setting and setting.value.isdecimal() else 0


def _too_few(part: Part) -> Remark:
    setting = part.find("datastore-max-open-connections")
    return Remark(
        on=part.name,
        says="each write needs two connections and this Kine may open one: it hangs at its start",
        do=f"--datastore-max-open-connections={ADVISED}",
        place=setting.place if setting else part.place,
    )
