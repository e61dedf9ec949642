from __future__ import annotations

import re
from collections.abc import Iterator

from kinetune.kine.traits import LEAVES_COMPACTION
from kinetune.model.configuration import Component, Configuration, Part
from kinetune.model.facts import KineRelease, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.rules.absence import absent
from kinetune.rules.rule import rule

NOBODY = "neither Kine nor an API server"
OFF = re.compile(r"-.*|0*(\.0*)?(ns|us|µs|ms|s|m|h)?")


@rule("KT610", Severity.ERROR)
def compaction_off(configuration: Configuration, release: KineRelease | None) -> Iterator[Remark | Unknown]:
    """
    Somebody compacts: Kine or the API server.

    Why it matters
        Each write adds a row and only compaction takes superseded ones away. Kine up to v0.16.0 compacts every five
        minutes; from v0.16.1 on it leaves that to the API server (--compact-interval is 0), which does it every five
        minutes unless --etcd-compaction-interval=0. Off on both sides, the table grows without end, lists and counts
        with it.

    What to do
        Leave the API server's --etcd-compaction-interval at its default, or give Kine --compact-interval=5m. On K3s the
        first stands as kube-apiserver-arg in its configuration.

    When to ignore
        Another Kine on the same database compacts.

    Source
        docs/facts/kine.md §1.2 (v0.13.15, v0.13.16, v0.16.1).
    """
    servers = tuple(configuration.of(Component.APISERVER, Component.K3S))
    kines = tuple(configuration.of(Component.KINE))
    if not servers and not kines:
        yield absent(NOBODY, configuration)
    for server in servers:
        yield from _server(server, kines, release)


def _server(server: Part, kines: tuple[Part, ...], release: KineRelease | None) -> Iterator[Remark]:
    by_itself = True if release is None else LEAVES_COMPACTION.of(release)
    setting = server.find("etcd-compaction-interval")
    if setting is None or setting.value in ("", "…") or not OFF.fullmatch(setting.value):
        return
    kines = () if _embeds(server) else kines
    states = [_off(kine, by_itself) for kine in kines] or [by_itself]
    if False in states:
        return
    sure = release is not None or _said(kines)
    condition = "" if sure else " (from v0.16.1 on; say the release with --kine)"
    yield Remark(
        on=server.name,
        says=f"the API server does not compact and Kine leaves it to the API server{condition}: "
        "the table grows without end",
        do="remove etcd-compaction-interval=0, or give Kine --compact-interval=5m",
        severity=Severity.ERROR if sure and None not in states else Severity.WARNING,
        place=setting.place,
    )


def _embeds(server: Part) -> bool:
    """K3s brings its own Kine, unless its endpoint is an etcd's: that of a Kine beside it."""
    endpoint = server.endpoint
    return server.component is Component.K3S and not (endpoint and endpoint.foreign == "etcd")


def _off(kine: Part, by_itself: bool | None) -> bool | None:
    """Whether that Kine does not compact; None where its era spans the change, or what it was told was not read."""
    setting = kine.find("compact-interval")
    if setting is None and kine.unread:
        return None
    if setting is None or setting.value in ("", "…"):
        return by_itself
    return OFF.fullmatch(setting.value) is not None


def _said(kines: tuple[Part, ...]) -> bool:
    return bool(kines) and all(kine.find("compact-interval") for kine in kines)
