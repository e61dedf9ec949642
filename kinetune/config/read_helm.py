"""Values for YugabyteDB's Helm chart (charts/stable/yugabyte/values.yaml)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kinetune.config.given import Given, Origin, part
from kinetune.config.images import image
from kinetune.config.yaml_text import Layers, Node, documents
from kinetune.model.configuration import Component, Part
from kinetune.model.failure import UsageFailure

KEYS = frozenset({"gflags", "replicas", "Image", "isMultiAz", "authCredentials", "masterAddresses", "AZ", "tserver"})
REPLICAS = 3
"""The chart's own default of both."""


def read_helm(files: Sequence[tuple[str, str]]) -> list[Part]:
    """
    A part for all tservers and one for all masters of a release, out of (text, path) of its files: a later one wins, as
    with helm -f. Files that name different zones (AZ) are releases of their own. UsageFailure for what is no mapping.
    """
    values = [_chart(_values(text, file)) for text, file in files]
    zones = {zone for one in values if (zone := one.get("AZ").text)}
    releases = [[one] for one in values] if len(zones) > 1 else [values[::-1]]
    return [one for nodes in releases for one in _release(Layers(tuple(nodes)))]


def _values(text: str, file: str) -> Node:
    values = next(iter(documents(text, file)), Node(None, 1, file))
    if values and not values.is_map:
        raise UsageFailure(f"{file}:{values.line}: these are no values of a Helm chart", "write key: value lines")
    return values


def _release(values: Layers) -> list[Part]:
    masters = _count(values.get("replicas", "master"), REPLICAS)
    copies = _count(values.get("replicas", "totalMasters"), masters)
    place, tag = values.get("gflags", "tserver").place, values.get("Image", "tag")
    name = f"{values.get('Image', 'repository').text or 'yugabytedb/yugabyte'}:{tag.text}"
    origin = Origin(
        Component.TSERVER,
        "tserver",
        place,
        image=image(name, tag.place) if tag else None,
        count=_count(values.get("replicas", "tserver"), REPLICAS),
        unread="" if any(map(_has_keys, values.nodes)) else f"other values: {place.file} has no key of the chart",
    )
    factor = Given("replication_factor", str(copies or ""), values.get("replicas").place)
    zones = Given("isMultiAz", values.get("isMultiAz").text.lower(), values.get("isMultiAz").place)
    master = Origin(Component.MASTER, "master", place, count=masters)
    return [
        part(origin, _flags(values, "tserver"), _secrets(values)),
        part(master, [*([factor] if copies else []), zones, *_flags(values, "master")]),
    ]


def _chart(values: Node) -> Node:
    """The chart's own, which an umbrella chart has below the name of its dependency."""
    return values if _has_keys(values) else next((below for _, below in values.pairs() if _has_keys(below)), values)


def _has_keys(values: Node) -> bool:
    return any(key.text in KEYS for key, _ in values.pairs())


def _flags(values: Layers, server: str) -> list[Given]:
    return [
        Given(key.text, value.text, value.place) for node in values.all("gflags", server) for key, value in node.pairs()
    ]


def _secrets(values: Layers) -> Iterator[Given]:
    for api in ("ysql", "ycql"):
        password = values.get("authCredentials", api, "password")
        if password.text:
            yield Given(f"authCredentials.{api}.password", password.text, password.place)


def _count(node: Node, default: int | None) -> int | None:
    text = node.text
    if not text:
        return default
    return int(text) if text.isdecimal() and len(text) < 5 else None
