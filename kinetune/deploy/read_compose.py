"""docker-compose.yml: a part for each service (the Compose specification, services)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from kinetune.deploy.commands import Around, parts
from kinetune.deploy.given import Given, Origin, part, secrets, shown
from kinetune.deploy.images import image
from kinetune.deploy.lexer import VARIABLE, Word, words
from kinetune.deploy.read_environment import variables
from kinetune.deploy.read_unit import Beside
from kinetune.deploy.yaml_text import NOTHING, Node, documents
from kinetune.model.configuration import HOST_NETWORK, Component, Part
from kinetune.model.failure import UsageFailure
from kinetune.model.place import Place

_VARIABLE = re.compile(r"\$\{(\w+)(?:(:?[-?+])([^${}]*))?\}|\$(\w+)")
_DOLLAR = "\ue003"
"""Stands for $$ while variables are filled in, those within the defaults of others first."""
_DEEPEST = 5
UNSET: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Service:
    """A service and those it extends, its own layer first. `unread` is what it takes from a file that was not read."""

    name: str
    place: Place
    layers: tuple[Node, ...]
    unread: str = ""

    def get(self, *path: str) -> Node:
        """Its own value, else the nearest one that it inherits."""
        return next((found for layer in self.layers if (found := layer.get(*path))), NOTHING)

    def all(self, key: str) -> Iterator[Node]:
        """What is added up instead: its own comes last, and wins."""
        return (found for layer in reversed(self.layers) if (found := layer.get(key)))


def read_compose(text: str, file: str, beside: Beside) -> list[Part]:
    """UsageFailure for what has no services."""
    found = []
    for document in documents(text, file):
        services = document.get("services")
        if not services.is_map:
            raise UsageFailure(f"{file}:{document.line}: this is no compose file", "it has no services")
        project = _project(beside)
        images = {one.name: one.value for one in project}
        for name, node in services.pairs():
            layers, unread = _extended(node, services)
            found += _parts(Service(name.text, Place(file, name.line), layers, unread), beside, images)
        if told := [one for one in project if any(secrets([one]))]:
            found.append(part(Origin(Component.OTHER, ".env", told[0].place), (), told))
    return found


def filled(text: str, values: Mapping[str, str] = UNSET) -> str:
    """As compose reads it: $$ is a dollar, a variable its value, else its default, or the mark."""

    def value(found: re.Match[str]) -> str:
        default = found[3] if (found[2] or "").endswith("-") else VARIABLE
        return values.get(found[1] or found[4], default)

    text = text.replace("$$", _DOLLAR)
    for _ in range(_DEEPEST):
        text = _VARIABLE.sub(value, text)
    return text.replace(_DOLLAR, "$")


def _project(beside: Beside) -> tuple[Given, ...]:
    """What .env gives for ${NAME}. Only images take it: a password from there does not stand in the compose file."""
    found = beside(".env")
    return variables(found[1], found[0]) if found else ()


def _extended(service: Node, services: Node) -> tuple[tuple[Node, ...], str]:
    """The service with those of the same file that it extends, and what is in another file."""
    layers = [service]
    while len(layers) <= _DEEPEST and (extends := layers[-1].get("extends")):
        if extends.get("file"):
            return tuple(layers), f"{shown(filled(extends.get('file').text))}, which was not read"
        base = services.get(extends.text or extends.get("service").text)
        if not base:
            break
        layers.append(base)
    return tuple(layers), ""


def _parts(service: Service, beside: Beside, images: Mapping[str, str]) -> list[Part]:
    place, picture = service.place, service.get("image")
    origin = Origin(
        component=Component.OTHER,
        name=service.name,
        place=place,
        image=image(filled(picture.text, images), Place(place.file, picture.line)) if picture else None,
        count=_count(service),
        unread=service.unread,
    )
    around = Around(origin, tuple(_environment(service, beside)), tuple(_flags(service)))
    command = [*_words(service.get("entrypoint"), place.file), *_words(service.get("command"), place.file)]
    return [_at(one, place) for one in parts(command, around)] or [part(origin, (), around.variables)]


def _at(one: Part, place: Place) -> Part:
    """A service is found where it begins, its flags where they stand."""
    return replace(one, place=place)


def _flags(service: Service) -> Iterator[Given]:
    """What the container is called and which ports it opens."""
    file = service.place.file
    for name, key in (("docker.hostname", "hostname"), ("docker.name", "container_name")):
        if node := service.get(key):
            yield Given(name, filled(node.text), Place(file, node.line))
    for ports in service.all("ports"):
        yield from (Given("docker.published", _port(one), Place(file, one.line)) for one in ports.items())
    network = service.get("network_mode")
    if network.text == HOST_NETWORK:
        yield Given("docker.published", HOST_NETWORK, Place(file, network.line))


def _count(service: Service) -> int | None:
    for text in (service.get("deploy", "replicas").text, service.get("scale").text):
        if text:
            return int(text) if text.isdecimal() and len(text) < 5 else None
    return 1


def _port(node: Node) -> str:
    """`127.0.0.1:8080:8080` of the short form as of the long one."""
    if node.is_map:
        pieces = [node.get(key).text for key in ("host_ip", "published", "target")]
        return ":".join(filter(None, map(filled, pieces)))
    return filled(node.text)


def _words(node: Node, file: str) -> list[Word]:
    if node.is_list:
        return [Word(filled(item.text), item.text_line) for item in node.items()]
    return words(filled(node.written), file, node.text_line, expands=False) if node.text else []


def _environment(service: Service, beside: Beside) -> Iterator[Given]:
    file = service.place.file
    for files in service.all("env_file"):
        for node in [*files.items(), files]:
            path = node.text or node.get("path").text
            if path and (found := beside(filled(path))):
                yield from (replace(one, value=filled(one.value)) for one in variables(found[1], found[0]))
    for node in service.all("environment"):
        for item in node.items():
            name, _, value = item.text.partition("=")
            yield Given(name, filled(value), Place(file, item.line))
        for key, item in node.pairs():
            yield Given(key.text, filled(item.text), Place(file, item.line))
