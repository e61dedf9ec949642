"""Kubernetes manifests and what `helm template` prints: a process for each container."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from kinetune.config.commands import CommandContext, read_command
from kinetune.config.images import parse_image
from kinetune.config.raw_settings import ProcessOrigin, RawSetting, build_process, drop_counts, show_name
from kinetune.config.read_endpoints import read_node
from kinetune.config.words import VARIABLE, Word
from kinetune.config.yaml_text import YamlNode, parse_documents
from kinetune.kine.flags import K3S_VARIABLES, VARIABLES
from kinetune.model.configuration import HOST_NETWORK, Component, ConfiguredProcess

_PODS = (("spec",), ("spec", "template", "spec"), ("spec", "jobTemplate", "spec", "template", "spec"))
_REFERENCE = re.compile(r"(\$?)\$\(([A-Za-z_][\w.-]*)\)")
_SOURCES = {"configMapRef": "ConfigMap", "secretRef": "Secret"}
_KEYS = {"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}


@dataclass(frozen=True)
class Pod:
    """Its specification, how many of it, and the ConfigMaps and Secrets of the same file by kind and name."""

    spec: YamlNode
    count: int | None
    maps: Mapping[tuple[str, str], YamlNode]


def read_manifest(text: str, file: str) -> list[ConfiguredProcess]:
    """
    A process for each container, and the API server of a kubeadm configuration. Of a resource of another kind (k3k,
    k0s, Kamaji, a Secret that holds a config.yaml) the endpoints, where no container of the stream has them.
    """
    several = [one for document in parse_documents(text, file) for one in _list_items(document)]
    maps = {(one.get("kind").text, one.get("metadata", "name").text): one for one in several}
    pods = [Pod(one.get(*path), one.get("spec", "replicas").count(1), maps) for one in several for path in _PODS]
    found = [
        one
        for pod in pods
        for key in ("initContainers", "containers")
        for container in pod.spec.get(key).items()
        for one in _read_container(container, pod)
    ]
    known = {secret.place for one in found for secret in one.secrets}
    known |= {one.endpoint.place for one in found if one.endpoint}
    for one in several:
        found += [other for other in _read_other(one) if not (other.endpoint and other.endpoint.place in known)]
    return drop_counts(found)


def _read_other(document: YamlNode) -> Iterator[ConfiguredProcess]:
    """What a document without containers configures."""
    if any(document.get(*path).get("containers") for path in _PODS):
        return
    kind = document.get("kind").text
    origin = ProcessOrigin(Component.OTHER, document.get("metadata", "name").text or kind, document.place)
    if kind == "ClusterConfiguration" and (extra := document.get("apiServer", "extraArgs")):
        pairs = [*extra.pairs(), *((one.get("name"), one.get("value")) for one in extra.items())]
        flags = [RawSetting(key.text, value.text, value.place) for key, value in pairs]
        yield build_process(replace(origin, component=Component.APISERVER, place=extra.place), flags)
    # What a Secret holds as base64 is not read.
    yield from read_node(document.get("stringData") if kind == "Secret" else document, origin)


def _list_items(document: YamlNode) -> list[YamlNode]:
    return list(document.get("items").items()) if document.get("kind").text == "List" else [document]


def _read_container(container: YamlNode, pod: Pod) -> list[ConfiguredProcess]:
    picture = container.get("image")
    variables, missing = _environment(container, pod)
    origin = ProcessOrigin(
        Component.OTHER,
        container.get("name").text,
        container.place,
        image=parse_image(picture.text, picture.place) if picture else None,
        count=pod.count,
        unread=missing,
    )
    texts = [item for key in ("command", "args") for item in container.get(key).items()]
    values = {one.name: one.value for one in variables}
    command = [Word(_fill_references(item.text, values), item.text_line) for item in texts]
    # A variable that only fills in an argument is not a setting of Kine.
    named = {name for item in texts for _, name in _REFERENCE.findall(item.text)} - VARIABLES - K3S_VARIABLES
    context = CommandContext(
        origin, tuple(one for one in variables if one.name not in named), _host_network(pod), shown=False
    )
    return read_command(command, context) or [build_process(origin, (), context.variables)]


def _host_network(pod: Pod) -> tuple[RawSetting, ...]:
    own = pod.spec.get("hostNetwork")
    return (RawSetting("docker.published", HOST_NETWORK, own.place),) if own.text == "true" else ()


def _environment(container: YamlNode, pod: Pod) -> tuple[list[RawSetting], str]:
    """Its variables, and what gives it others and is not in the file. A later one wins, and may name earlier ones."""
    found, missing = list[RawSetting](), ""
    for item in container.get("envFrom").items():
        for key, kind in _SOURCES.items():
            if name := item.get(key, "name").text:
                source = pod.maps.get((kind, name))
                found += _map_values(source) if source else []
                missing = missing or ("" if source else f"the {kind} {show_name(name)}")
    for item in container.get("env").items():
        value = item.get("value")
        text = _fill_references(value.text, {one.name: one.value for one in found})
        held = RawSetting("", text, value.place) if value else _value_from(item, pod)
        found.append(replace(held, name=item.get("name").text))
    return found, missing


def _value_from(item: YamlNode, pod: Pod) -> RawSetting:
    """The one key of a map that valueFrom names."""
    for key, kind in _KEYS.items():
        chosen = item.get("valueFrom", key)
        source = pod.maps.get((kind, chosen.get("name").text))
        for one in _map_values(source) if source else ():
            if one.name == chosen.get("key").text:
                return one
    return RawSetting("", VARIABLE, item.place)


def _map_values(source: YamlNode) -> Iterator[RawSetting]:
    """Of a ConfigMap or a Secret; what a Secret holds as base64 is not looked into."""
    coded = source.get("kind").text == "Secret"
    for key, value in source.get("data").pairs():
        yield RawSetting(key.text, VARIABLE if coded else value.text, value.place)
    for key, value in source.get("stringData").pairs():
        yield RawSetting(key.text, value.text, value.place)


def _fill_references(text: str, values: Mapping[str, str]) -> str:
    """$(NAME) is another variable of the container's, $$(NAME) means itself (Kubernetes, dependent variables)."""
    return _REFERENCE.sub(lambda found: found[0][1:] if found[1] else values.get(found[2], VARIABLE), text)
