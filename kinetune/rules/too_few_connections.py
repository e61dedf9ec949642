from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.flags import NO_VARIABLES
from kinetune.kine.pool_limit import FLAG, VARIABLE, describe_pool_limit
from kinetune.kine.releases import LEAKS_A_CONNECTION, WRITES_OUTSIDE_ITS_TRANSACTION, describe_release
from kinetune.model.configuration import STORES, Configuration, ConfiguredProcess
from kinetune.model.facts import Facts, KineRelease
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.context import NO_RELEASE, Limits
from kinetune.rules.rule import rule

NEEDED = 2
ADVISED = 10
AT_ONCE = 200
"""Concurrent writes of an API server: the default of --max-mutating-requests-inflight."""


@rule("KT603", Severity.ERROR)
def too_few_connections(
    release: KineRelease | None, limits: Limits, files: Configuration, store: Facts | None
) -> Iterator[Remark | Unknown]:
    """
    The limit of Kine's connections is too low for its start or its writes.

    Why it matters
        Kine up to v0.16.5 and v0.17.2 holds one connection permanently from its start on. With a limit of 1 none
        remains: Kine hangs, its port stays closed, and K3s waits for it. v0.16.6 and v0.17.3 to v0.17.5 begin a
        transaction on one connection and send the INSERT on another. When as many writes arrive at once as there are
        connections, they wait for each other: with a limit of 10 and 24 writers 4 of 480 creates completed.

    What to do
        Up to v0.16.5 and v0.17.2 set a limit of 10, or none. K3s has no flag and no key in config.yaml for it: set
        KINE_DATASTORE_MAX_OPEN_CONNECTIONS=10 in /etc/systemd/system/k3s.service.env, then restart K3s. Standalone Kine
        accepts --datastore-max-open-connections=10. For v0.16.6 and v0.17.3 to v0.17.5 set no limit (0) and give the
        server enough max_connections (KT701).

    When to ignore
        A limit above 1 with v0.16.6 or v0.17.3 to v0.17.5, if fewer writes than that arrive at once.

    Source
        docs/facts/kine.md §0.7 and §9.3, measured with v0.10.1, v0.14.16, v0.16.4, v0.17.5 and K3s v1.35.0. The limit
        comes from [check.limits] pool or from a configuration file; the database does not show it.
    """
    waits = release is not None and WRITES_OUTSIDE_ITS_TRANSACTION.applies_to(release) is True
    if release is not None and not waits and LEAKS_A_CONNECTION.applies_to(release) is not True:
        return
    # A limit of 0 means none, like a missing one.
    bounded = {part: connections for part in files.of(*STORES) if (connections := _configured_limit(part, release))}
    for part, connections in bounded.items():
        yield from _check_limit(release, connections, part)
    if limits.pool:
        yield from _check_limit(release, limits.pool)
    if release is None:
        yield store.kine if store and isinstance(store.kine, Unknown) else NO_RELEASE
    elif waits and not limits.pool and not bounded:
        yield Unknown("the limit of Kine's connections is unknown (set pool in [check.limits] of kinetune.toml)")


def _configured_limit(part: ConfiguredProcess, kine: KineRelease | None) -> int:
    """The limit in the file; 0 if there is none, or if this Kine release does not read the variable that sets it."""
    setting = part.find(FLAG)
    if setting is None or not setting.value.isdecimal():
        return 0
    is_unread = part.is_set_by(VARIABLE, setting) and kine is not None and NO_VARIABLES.applies_to(kine)
    return 0 if is_unread else int(setting.value)


def _check_limit(kine: KineRelease | None, connections: int, part: ConfiguredProcess | None = None) -> Iterator[Remark]:
    """A limit of 1 is reported for an unknown release too, because every release that was tried hangs."""
    waits = kine is not None and WRITES_OUTSIDE_ITS_TRANSACTION.applies_to(kine) is True
    if connections >= (AT_ONCE if waits else NEEDED):
        return
    setting = part.find(FLAG) if part else None
    if connections < NEEDED:
        says = "Kine needs two connections but may open only one: it hangs at its start"
    else:
        says = f"each write needs two of {connections} connections: {connections} concurrent writes block each other"
    yield Remark(
        on=part.name if part else describe_release(kine) if kine else "Kine",
        says=says,
        do=describe_pool_limit(0 if waits else ADVISED, part.component if part else None, kine),
        severity=Severity.ERROR if connections < NEEDED else Severity.WARNING,
        place=setting.place if setting else None,
    )
