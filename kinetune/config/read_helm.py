"""Values for YugabyteDB's Helm chart (charts/stable/yugabyte/values.yaml)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kinetune.config.images import parse_image
from kinetune.config.raw_settings import ProcessOrigin, RawSetting, build_process
from kinetune.config.yaml_text import Layers, YamlNode, parse_documents
from kinetune.model.configuration import Component, ConfiguredProcess
from kinetune.model.failure import UsageFailure

CHART_KEYS = frozenset(
    {"gflags", "replicas", "Image", "isMultiAz", "authCredentials", "masterAddresses", "AZ", "tserver"}
)
# The chart's own default of both.
REPLICAS = 3


def read_helm(files: Sequence[tuple[str, str]]) -> list[ConfiguredProcess]:
    """
    A process for all tservers and one for all masters of a release, out of (text, path) of its files.

    A later file wins, as with helm -f. Files that name different zones (AZ) are releases of their own. UsageFailure for
    a file that is not a mapping.
    """
    values = [_chart_values(_parse_values(text, file)) for text, file in files]
    zones = {zone for one in values if (zone := one.get("AZ").text)}
    releases = [[one] for one in values] if len(zones) > 1 else [values[::-1]]
    return [one for nodes in releases for one in _read_release(Layers(tuple(nodes)))]


def _parse_values(text: str, file: str) -> YamlNode:
    values = next(iter(parse_documents(text, file)), YamlNode(None, 1, file))
    if values and not values.is_map:
        raise UsageFailure(f"{file}:{values.line}: these are not values of a Helm chart", "write key: value lines")
    return values


def _read_release(values: Layers) -> list[ConfiguredProcess]:
    # The chart keeps as many copies as masters unless totalMasters says otherwise (several zones).
    masters = values.get("replicas", "master").count(REPLICAS)
    copies = values.get("replicas", "totalMasters").count(masters)
    place, tag = values.get("gflags", "tserver").place, values.get("Image", "tag")
    name = f"{values.get('Image', 'repository').text or 'yugabytedb/yugabyte'}:{tag.text}"
    origin = ProcessOrigin(
        Component.TSERVER,
        "tserver",
        place,
        image=parse_image(name, tag.place) if tag else None,
        count=values.get("replicas", "tserver").count(REPLICAS),
        unread="" if any(map(_has_keys, values.nodes)) else "a file with other values",
    )
    factor = RawSetting("replication_factor", str(copies or ""), values.get("replicas").place)
    zones = RawSetting("isMultiAz", values.get("isMultiAz").text.lower(), values.get("isMultiAz").place)
    master = ProcessOrigin(Component.MASTER, "master", place, count=masters)
    return [
        build_process(origin, _server_flags(values, "tserver"), _secrets(values)),
        build_process(master, [*([factor] if copies else []), zones, *_server_flags(values, "master")]),
    ]


def _chart_values(values: YamlNode) -> YamlNode:
    """The chart's own, which an umbrella chart has below the name of its dependency."""
    return values if _has_keys(values) else next((below for _, below in values.pairs() if _has_keys(below)), values)


def _has_keys(values: YamlNode) -> bool:
    return any(key.text in CHART_KEYS for key, _ in values.pairs())


def _server_flags(values: Layers, server: str) -> list[RawSetting]:
    return [
        RawSetting(key.text, value.text, value.place)
        for node in values.get_all("gflags", server)
        for key, value in node.pairs()
    ]


def _secrets(values: Layers) -> Iterator[RawSetting]:
    for api in ("ysql", "ycql"):
        password = values.get("authCredentials", api, "password")
        if password.text:
            yield RawSetting(f"authCredentials.{api}.password", password.text, password.place)
