"""Kubernetes manifests: a part for each container, so a kube-apiserver's static pod and a Kine beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from kinetune.config.commands import Around, parts
from kinetune.config.given import Given, Origin, part, shown
from kinetune.config.images import image
from kinetune.config.lexer import VARIABLE, Word
from kinetune.config.yaml_text import Node, documents
from kinetune.kine.flags import K3S_VARIABLES, VARIABLES
from kinetune.model.configuration import HOST_NETWORK, Component, Part

_PODS = (("spec",), ("spec", "template", "spec"), ("spec", "jobTemplate", "spec", "template", "spec"))
_REFERENCE = re.compile(r"(\$?)\$\(([A-Za-z_][\w.-]*)\)")
_SOURCES = {"configMapRef": "ConfigMap", "secretRef": "Secret"}
_KEYS = {"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}


@dataclass(frozen=True)
class Pod:
    """Its specification, how many of it, and the ConfigMaps and Secrets of the same file by kind and name."""

    spec: Node
    count: int
    maps: Mapping[tuple[str, str], Node]


def read_manifest(text: str, file: str) -> list[Part]:
    several = [one for document in documents(text, file) for one in _items(document)]
    maps = {(one.get("kind").text, one.get("metadata", "name").text): one for one in several}
    pods = (Pod(one.get(*path), _count(one, path), maps) for one in several for path in _PODS)
    return [
        one
        for pod in pods
        for key in ("initContainers", "containers")
        for container in pod.spec.get(key).items()
        for one in _container(container, pod)
    ]


def _items(document: Node) -> list[Node]:
    return list(document.get("items").items()) if document.get("kind").text == "List" else [document]


def _count(document: Node, path: tuple[str, ...]) -> int:
    replicas = document.get(*path[:-1], "replicas").text
    return int(replicas) if replicas.isdecimal() and len(replicas) < 5 else 1


def _container(container: Node, pod: Pod) -> list[Part]:
    picture = container.get("image")
    variables, missing = _environment(container, pod)
    origin = Origin(
        Component.OTHER,
        container.get("name").text,
        container.place,
        image=image(picture.text, picture.place) if picture else None,
        count=pod.count,
        unread=missing,
    )
    texts = [item for key in ("command", "args") for item in container.get(key).items()]
    values = {one.name: one.value for one in variables}
    command = [Word(_filled(item.text, values), item.text_line) for item in texts]
    named = {name for item in texts for _, name in _REFERENCE.findall(item.text)} - VARIABLES - K3S_VARIABLES
    around = Around(origin, tuple(one for one in variables if one.name not in named), _network(pod), shown=False)
    return list(parts(command, around)) or [part(origin, (), around.variables)]


def _network(pod: Pod) -> tuple[Given, ...]:
    own = pod.spec.get("hostNetwork")
    return (Given("docker.published", HOST_NETWORK, own.place),) if own.text == "true" else ()


def _environment(container: Node, pod: Pod) -> tuple[list[Given], str]:
    """Its variables, and what gives it others and is not in the file. A later one wins, and may name earlier ones."""
    found, missing = list[Given](), ""
    for item in container.get("envFrom").items():
        for key, kind in _SOURCES.items():
            if name := item.get(key, "name").text:
                source = pod.maps.get((kind, name))
                found += _held(source) if source else []
                missing = missing or ("" if source else f"the {kind} {shown(name)}, which is not in the file")
    for item in container.get("env").items():
        value = item.get("value")
        told = _filled(value.text, {one.name: one.value for one in found})
        held = Given("", told, value.place) if value else _chosen(item, pod)
        found.append(replace(held, name=item.get("name").text))
    return found, missing


def _chosen(item: Node, pod: Pod) -> Given:
    """The one key of a map that valueFrom names."""
    for key, kind in _KEYS.items():
        chosen = item.get("valueFrom", key)
        source = pod.maps.get((kind, chosen.get("name").text))
        for one in _held(source) if source else ():
            if one.name == chosen.get("key").text:
                return one
    return Given("", VARIABLE, item.place)


def _held(source: Node) -> Iterator[Given]:
    """Of a ConfigMap or a Secret; what a Secret holds as base64 is not looked into."""
    coded = source.get("kind").text == "Secret"
    for key, value in source.get("data").pairs():
        yield Given(key.text, VARIABLE if coded else value.text, value.place)
    for key, value in source.get("stringData").pairs():
        yield Given(key.text, value.text, value.place)


def _filled(text: str, values: Mapping[str, str]) -> str:
    """$(NAME) is another variable of the container's, $$(NAME) means itself (Kubernetes, dependent variables)."""
    return _REFERENCE.sub(lambda found: found[0][1:] if found[1] else values.get(found[2], VARIABLE), text)
