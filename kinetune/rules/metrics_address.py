from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.flags import METRICS_DEFAULT
from kinetune.model.configuration import HOST_NETWORK, Component, Configuration, Part
from kinetune.model.facts import Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.model.place import Place
from kinetune.rules.absence import absent
from kinetune.rules.emulated_etcd import NO_KINE
from kinetune.rules.rule import rule

EVERYWHERE = ("", "0.0.0.0", "[::]", "*")


@rule("KT612", Severity.WARNING)
def metrics_address(configuration: Configuration) -> Iterator[Remark | Unknown]:
    """
    Kine's metrics are served on an address that was chosen.

    Why it matters
        Unless told otherwise Kine serves /metrics on port 8080 of every address, without asking who reads; with
        --metrics-enable-profiling, profiles of its memory too. And 8080 is the port that other programs want first.

    What to do
        --metrics-bind-address=127.0.0.1:8080, or the address that Prometheus comes to; 0 turns them off. In a
        container, publish the port on 127.0.0.1 alone, or not at all.

    When to ignore
        A firewall stands before the machine.

    Source
        docs/facts/kine.md §1.2 (v0.9.2): --metrics-bind-address is :8080.
    """
    kines = tuple(configuration.of(Component.KINE))
    if not kines:
        yield absent(NO_KINE, configuration)
    for kine in kines:
        if kine.unread and kine.find("metrics-bind-address") is None:
            yield Unknown(f"{kine.name} takes flags from {kine.unread}")
        elif place := _everywhere(kine):
            yield Remark(
                on=kine.name,
                says="its metrics are served on every address of the machine, to everybody",
                do="--metrics-bind-address=127.0.0.1:8080",
                place=place,
            )


def _everywhere(kine: Part) -> Place | None:
    """The line that opens them; that of the Kine itself where nothing was said."""
    setting = kine.find("metrics-bind-address")
    address = setting.value if setting else METRICS_DEFAULT
    host, mark, port = address.rpartition(":")
    if not mark or host not in EVERYWHERE:
        return None
    if kine.image is None:
        return setting.place if setting else kine.place
    return next((one.place for one in kine.settings if one.name == "docker.published" and _open(one.value, port)), None)


def _open(published: str, port: str) -> bool:
    """`8080:8080` is on every address, `127.0.0.1:8080:8080` is not; on the host's network every port is published."""
    if published == HOST_NETWORK:
        return True
    pieces = published.partition("/")[0].rsplit(":", 2)
    return pieces[-1] == port and (len(pieces) < 3 or pieces[0] in EVERYWHERE)
