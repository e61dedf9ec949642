"""Kubernetes manifests: a part for each container, so a kube-apiserver's static pod and a Kine beside it."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.deploy.commands import Around, parts
from kinetune.deploy.given import Given, Origin, part
from kinetune.deploy.images import image
from kinetune.deploy.lexer import Word
from kinetune.deploy.yaml_text import Node, documents
from kinetune.model.configuration import Component, Part
from kinetune.model.place import Place

_PODS = (("spec",), ("spec", "template", "spec"), ("spec", "jobTemplate", "spec", "template", "spec"))


def read_manifest(text: str, file: str) -> list[Part]:
    found = []
    for document in documents(text, file):
        for path in _PODS:
            for container in document.get(*path, "containers").items():
                found += _container(container, document.get(*path[:-1], "replicas"), file)
    return found


def _container(container: Node, replicas: Node, file: str) -> list[Part]:
    picture, place = container.get("image"), Place(file, container.line)
    count = int(replicas.text) if replicas.text.isdecimal() and len(replicas.text) < 5 else 1
    origin = Origin(
        Component.OTHER,
        container.get("name").text,
        place,
        image=image(picture.text, Place(file, picture.line)) if picture else None,
        count=count,
    )
    around = Around(origin, tuple(_environment(container, file)), shown=False)
    command = [Word(item.text, item.line) for key in ("command", "args") for item in container.get(key).items()]
    return list(parts(command, around)) or [part(origin, (), around.variables)]


def _environment(container: Node, file: str) -> Iterator[Given]:
    for item in container.get("env").items():
        value = item.get("value")
        if value:
            yield Given(item.get("name").text, value.text, Place(file, value.line))
