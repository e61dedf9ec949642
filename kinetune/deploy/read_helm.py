"""Values for YugabyteDB's Helm chart (charts/stable/yugabyte/values.yaml)."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.deploy.given import Given, Origin, part
from kinetune.deploy.images import image
from kinetune.deploy.yaml_text import NOTHING, Node, documents
from kinetune.model.configuration import Component, Part
from kinetune.model.failure import UsageFailure
from kinetune.model.place import Place

KEYS = frozenset({"gflags", "replicas", "Image", "isMultiAz", "authCredentials", "masterAddresses", "AZ", "tserver"})
REPLICAS = 3
"""The chart's own default of both."""


def read_helm(text: str, file: str) -> list[Part]:
    """A part for all tservers and one for all masters. UsageFailure for what is no mapping."""
    found = documents(text, file)
    values = found[0] if found else NOTHING
    if values and not values.is_map:
        raise UsageFailure(f"{file}:{values.line}: these are no values of a Helm chart", "write key: value lines")
    values = _chart(values)
    masters = _count(values.get("replicas", "master"), REPLICAS)
    copies = _count(values.get("replicas", "totalMasters"), masters)
    picture = values.get("Image")
    name = f"{picture.get('repository').text or 'yugabytedb/yugabyte'}:{picture.get('tag').text}"
    place = Place(file, picture.get("tag").line)
    origin = Origin(
        Component.TSERVER,
        "tserver",
        Place(file, values.get("gflags", "tserver").line),
        image=image(name, place) if picture.get("tag") else None,
        count=_count(values.get("replicas", "tserver"), REPLICAS),
    )
    factor = Given("replication_factor", str(copies or ""), Place(file, values.get("replicas").line))
    zones = Given("isMultiAz", values.get("isMultiAz").text.lower(), Place(file, values.get("isMultiAz").line))
    master = Origin(Component.MASTER, "master", Place(file, values.get("replicas").line), count=masters)
    return [
        part(origin, _flags(values.get("gflags", "tserver"), file), _secrets(values, file)),
        part(master, [*([factor] if copies else []), zones, *_flags(values.get("gflags", "master"), file)]),
    ]


def _chart(values: Node) -> Node:
    """The chart's own, which an umbrella chart has below the name of its dependency."""
    below = (value for _, value in values.pairs() if KEYS & {key.text for key, _ in value.pairs()})
    return values if KEYS & {key.text for key, _ in values.pairs()} else next(below, values)


def _flags(node: Node, file: str) -> list[Given]:
    return [Given(key.text, value.text, Place(file, value.line)) for key, value in node.pairs()]


def _secrets(values: Node, file: str) -> Iterator[Given]:
    for api in ("ysql", "ycql"):
        password = values.get("authCredentials", api, "password")
        if password.text:
            yield Given(f"authCredentials.{api}.password", password.text, Place(file, password.line))


def _count(node: Node, default: int | None) -> int | None:
    text = node.text
    if not text:
        return default
    return int(text) if text.isdecimal() and len(text) < 5 else None
