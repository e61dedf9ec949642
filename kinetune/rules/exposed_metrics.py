from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.flags import METRICS_DEFAULT
from kinetune.model.configuration import HOST_NETWORK, Component, Configuration, ConfiguredProcess
from kinetune.model.file_location import FileLocation
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.context import explain_absence
from kinetune.rules.outdated_emulated_etcd import NO_KINE
from kinetune.rules.rule import rule

EVERYWHERE = ("", "0.0.0.0", "[::]", "*")


@rule("KT612", Severity.WARNING)
def exposed_metrics(configuration: Configuration) -> Iterator[Remark | Unknown]:
    """
    Kine's metrics are served on all addresses of the machine.

    Why it matters
        By default Kine serves /metrics on port 8080 of all addresses without authentication; with
        --metrics-enable-profiling also profiles of its memory. Other programs often use port 8080 too.

    What to do
        Set --metrics-bind-address=127.0.0.1:8080, or the address that Prometheus uses; 0 disables the metrics. For a
        container publish the port on 127.0.0.1 only, or do not publish it.

    When to ignore
        A firewall protects the machine.

    Source
        docs/facts/kine.md §1.2 (v0.9.2): --metrics-bind-address is :8080.
    """
    kines = tuple(configuration.of(Component.KINE))
    if not kines:
        yield explain_absence(NO_KINE, configuration)
    for kine in kines:
        if kine.unread and kine.find("metrics-bind-address") is None:
            yield Unknown(f"{kine.name} reads flags from {kine.unread}, which was not read")
        elif place := _find_exposed_line(kine):
            yield Remark(
                on=kine.name,
                says="its metrics are served on all addresses of the machine without authentication",
                do="set --metrics-bind-address=127.0.0.1:8080",
                place=place,
            )


def _find_exposed_line(kine: ConfiguredProcess) -> FileLocation | None:
    """The line that exposes the metrics: the setting, or the Kine itself if the default exposes them."""
    setting = kine.find("metrics-bind-address")
    address = setting.value if setting else METRICS_DEFAULT
    host, mark, port = address.rpartition(":")
    if not mark or host not in EVERYWHERE:
        return None
    # In a container the address is that of the container: only a published port exposes it.
    if kine.image is None:
        return setting.place if setting else kine.place
    return next(
        (one.place for one in kine.settings if one.name == "docker.published" and _is_published(one.value, port)), None
    )


def _is_published(published: str, port: str) -> bool:
    """`8080:8080` is on every address, `127.0.0.1:8080:8080` is not. With the host's network every port is "
    "published."""
    if published == HOST_NETWORK:
        return True
    pieces = published.partition("/")[0].rsplit(":", 2)
    return pieces[-1] == port and (len(pieces) < 3 or pieces[0] in EVERYWHERE)
