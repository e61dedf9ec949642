from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.flags import NO_VARIABLES
from kinetune.kine.pool import FLAG, VARIABLE, bound
from kinetune.kine.traits import LEAKS_A_CONNECTION, WRITES_OUTSIDE_ITS_TRANSACTION, named
from kinetune.model.configuration import STORES, Configuration, Part
from kinetune.model.facts import Facts, KineRelease, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.rules.evidence import NO_RELEASE, Limits
from kinetune.rules.rule import rule

NEEDED = 2
ADVISED = 10
AT_ONCE = 200
"""Writes that an API server lets through at once: --max-mutating-requests-inflight, by default."""


@rule("KT603", Severity.ERROR)
def single_connection(
    release: KineRelease | None, limits: Limits, files: Configuration, store: Facts | None
) -> Iterator[Remark | Unknown]:
    """
    Kine may open as many connections as its start and its writes need.

    Why it matters
        Kine up to v0.16.5 and v0.17.2 keeps one connection for good at its start. With a bound of 1 nothing is left:
        Kine hangs there, its port stays closed, and K3s with it. v0.16.6 and v0.17.3 to v0.17.5 begin a transaction on
        one connection and send the INSERT on another. As soon as as many writes arrive at once as there are
        connections, each waits for the others: with a bound of 10 and 24 writers 4 of 480 creates were done.

    What to do
        Up to v0.16.5 and v0.17.2: a bound of 10, or none. K3s has no flag and no key in config.yaml for it:
        KINE_DATASTORE_MAX_OPEN_CONNECTIONS=10 in /etc/systemd/system/k3s.service.env, then restart K3s. Kine by itself
        takes --datastore-max-open-connections=10. With v0.16.6 and v0.17.3 to v0.17.5 set no bound (0) and give the
        server enough max_connections (KT701).

    When to ignore
        A bound above 1 with v0.16.6 or v0.17.3 to v0.17.5 where fewer writes than that arrive at once.

    Source
        docs/facts/kine.md §0.7 and §9.3, measured with v0.10.1, v0.14.16, v0.16.4, v0.17.5 and K3s v1.35.0. The bound
        is what you said ([check.limits] pool) or what a configuration file says; the database does not show it.
    """
    waits = release is not None and WRITES_OUTSIDE_ITS_TRANSACTION.of(release) is True
    if release is not None and not waits and LEAKS_A_CONNECTION.of(release) is not True:
        return
    bounded = {part: connections for part in files.of(*STORES) if (connections := _bound(part, release))}
    for part, connections in bounded.items():
        yield from _too_few(release, connections, part)
    if limits.pool:
        yield from _too_few(release, limits.pool)
    if release is None:
        yield store.kine if store and isinstance(store.kine, Unknown) else NO_RELEASE
    elif waits and not limits.pool and not bounded:
        yield Unknown("nobody said how many connections Kine may open ([check.limits] pool in kinetune.toml)")


def _bound(part: Part, kine: KineRelease | None) -> int:
    """How many connections the file lets it open; 0 where it sets no bound, or by a variable that is not read."""
    setting = part.find(FLAG)
    if setting is None or not setting.value.isdecimal():
        return 0
    by_variable = any(one.name == VARIABLE and one.place == setting.place for one in part.settings)
    return 0 if by_variable and kine and NO_VARIABLES.of(kine) else int(setting.value)


def _too_few(kine: KineRelease | None, connections: int, part: Part | None = None) -> Iterator[Remark]:
    """Every release that was tried hangs at a bound of 1: that needs no release to be known."""
    waits = kine is not None and WRITES_OUTSIDE_ITS_TRANSACTION.of(kine) is True
    if connections >= (AT_ONCE if waits else NEEDED):
        return
    setting = part.find(FLAG) if part else None
    if connections < NEEDED:
        says = "Kine needs two connections and may open one: it hangs at its start"
    else:
        says = f"each write needs two connections of {connections}: {connections} writes at once wait for each other"
    yield Remark(
        on=part.name if part else named(kine) if kine else "Kine",
        says=says,
        do=bound(0 if waits else ADVISED, part.component if part else None, kine),
        severity=Severity.ERROR if connections < NEEDED else Severity.WARNING,
        place=setting.place if setting else None,
    )
