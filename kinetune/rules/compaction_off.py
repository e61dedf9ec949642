from __future__ import annotations

import re
from collections.abc import Iterator

from kinetune.kine.releases import LEAVES_COMPACTION
from kinetune.model.configuration import Component, Configuration, ConfiguredProcess
from kinetune.model.facts import KineRelease
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.context import explain_absence
from kinetune.rules.rule import rule

NO_COMPACTOR = "neither Kine nor an API server"
# Durations that disable compaction: 0 in any unit of Go, and negative ones.
OFF = re.compile(r"-.*|0*(\.0*)?(ns|us|µs|ms|s|m|h)?")


@rule("KT610", Severity.ERROR)
def compaction_off(configuration: Configuration, release: KineRelease | None) -> Iterator[Remark | Unknown]:
    """
    Neither Kine nor the API server compacts.

    Why it matters
        Every write adds a row, and only compaction deletes superseded rows. Kine up to v0.16.0 compacts every five
        minutes. From v0.16.1 on (--compact-interval is 0) the API server does, every five minutes unless
        --etcd-compaction-interval=0. If both are off, the table grows without limit, and lists and counts become
        slower.

    What to do
        Keep the default of --etcd-compaction-interval of the API server, or set --compact-interval=5m for Kine. For K3s
        the first is a kube-apiserver-arg in its configuration.

    When to ignore
        Another Kine on the same database compacts.

    Source
        docs/facts/kine.md §1.2 (v0.13.15, v0.13.16, v0.16.1).
    """
    servers = tuple(configuration.of(Component.APISERVER, Component.K3S))
    kines = tuple(configuration.of(Component.KINE))
    if not servers and not kines:
        yield explain_absence(NO_COMPACTOR, configuration)
    for server in servers:
        yield from _check_server(server, kines, release)


def _check_server(
    server: ConfiguredProcess, kines: tuple[ConfiguredProcess, ...], release: KineRelease | None
) -> Iterator[Remark]:
    by_itself = True if release is None else LEAVES_COMPACTION.applies_to(release)
    setting = server.find("etcd-compaction-interval")
    if setting is None or setting.value in ("", "…") or not OFF.fullmatch(setting.value):
        return
    kines = () if _contains_kine(server) else kines
    states = [_is_disabled(kine, by_itself) for kine in kines] or [by_itself]
    # One Kine that compacts is enough, because all use the same table.
    if False in states:
        return
    sure = release is not None or _all_set_interval(kines)
    condition = "" if sure else " (from v0.16.1 on; set --kine)"
    yield Remark(
        on=server.name,
        says=f"the API server does not compact, and neither does Kine{condition}: the table grows without limit",
        do="remove etcd-compaction-interval=0, or set --compact-interval=5m for Kine",
        severity=Severity.ERROR if sure and None not in states else Severity.WARNING,
        place=setting.place,
    )


def _contains_kine(server: ConfiguredProcess) -> bool:
    """K3s contains a Kine, unless its endpoint is an etcd, which may be a separate Kine."""
    endpoint = server.endpoint
    return server.component is Component.K3S and not (endpoint and endpoint.foreign == "etcd")


def _is_disabled(kine: ConfiguredProcess, by_itself: bool | None) -> bool | None:
    """Whether that Kine does not compact; None if its era contains both, or if its settings were not read."""
    setting = kine.find("compact-interval")
    if setting is None and kine.unread:
        return None
    if setting is None or setting.value in ("", "…"):
        return by_itself
    return OFF.fullmatch(setting.value) is not None


def _all_set_interval(kines: tuple[ConfiguredProcess, ...]) -> bool:
    return bool(kines) and all(kine.find("compact-interval") for kine in kines)
