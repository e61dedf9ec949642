"""docker-compose.yml: a part for each service (the Compose specification, services)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from posixpath import dirname, join, normpath, relpath
from types import MappingProxyType

from kinetune.config.commands import Around, parts
from kinetune.config.given import Given, Origin, part, secrets, shown
from kinetune.config.images import image
from kinetune.config.lexer import VARIABLE, Word, words
from kinetune.config.read_environment import variables
from kinetune.config.read_unit import Beside
from kinetune.config.yaml_text import NOTHING, Layers, Node, documents
from kinetune.model.configuration import HOST_NETWORK, Component, Part
from kinetune.model.failure import UsageFailure
from kinetune.model.place import Place

_VARIABLE = re.compile(r"\$\{(\w+)(?:(:?[-?+])([^${}]*))?\}|\$(\w+)")
_DOLLAR = "\ue003"
"""Stands for $$ while variables are filled in, those within the defaults of others first."""
_DEEPEST = 5
UNSET: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Service(Layers):
    """A service and those it extends, its own layer first. `unread` is what it takes from a file that was not read."""

    name: str
    place: Place
    unread: str


@dataclass(frozen=True)
class Project:
    """A compose file, and those that it names."""

    file: str
    beside: Beside

    def found(self, name: str, near: str) -> tuple[str, str] | None:
        """What the file at `near` names, which leads on from there."""
        folder = relpath(dirname(near) or ".", dirname(self.file) or ".")
        return self.beside(normpath(join(folder, filled(name))))

    def document(self, node: Node) -> Node | None:
        """The compose file that a node names; None where it was not found."""
        found = self.found(node.text, node.file)
        return next(iter(documents(found[1], found[0])), NOTHING) if found else None


def read_compose(text: str, file: str, beside: Beside) -> list[Part]:
    """UsageFailure for what has no services."""
    found, project = [], Project(file, cache(beside))
    for document in documents(text, file):
        if not document.get("services").is_map and not document.get("include"):
            raise UsageFailure(f"{file}:{document.line}: this is no compose file", "it has no services")
        told = _variables(project)
        images = {one.name: one.value for one in told}
        sheets, missing = _sheets(document, project)
        for sheet in sheets:
            services = sheet.get("services")
            for name, node in services.pairs():
                layers, unread = _extended(node, services, project)
                found += _parts(Service(layers, name.text, name.place, unread), project, images)
        found += missing
        if clear := [one for one in told if any(secrets([one]))]:
            found.append(part(Origin(Component.OTHER, ".env", clear[0].place), (), clear))
    return found


def _sheets(document: Node, project: Project) -> tuple[list[Node], list[Part]]:
    """The document and all that are included, each once, and a part for each that was not found."""
    sheets, missing, seen = [document], list[Part](), {document.file}
    for sheet in sheets:
        for path in _included(sheet.get("include")):
            found = project.document(path)
            if found is None:
                missing.append(part(Origin(Component.ELSEWHERE, "a service", path.place, unread=_unread(path)), ()))
            elif found.file not in seen:
                seen.add(found.file)
                sheets.append(found)
    return sheets, missing


def _included(include: Node) -> Iterator[Node]:
    for item in include.items():
        path = item.get("path") or item
        yield from path.items() if path.is_list else [path]


def _unread(path: Node) -> str:
    return f"{shown(filled(path.text))}, which was not read"


def filled(text: str, values: Mapping[str, str] = UNSET) -> str:
    """As compose reads it: $$ is a dollar, a variable its value, else its default, or the mark."""

    def value(found: re.Match[str]) -> str:
        default = found[3] if (found[2] or "").endswith("-") else VARIABLE
        return values.get(found[1] or found[4], default)

    text = text.replace("$$", _DOLLAR)
    for _ in range(_DEEPEST):
        text = _VARIABLE.sub(value, text)
    return text.replace(_DOLLAR, "$")


def _variables(project: Project) -> tuple[Given, ...]:
    """What .env gives for ${NAME}. Only images take it: a password from there does not stand in the compose file."""
    found = project.beside(".env")
    return variables(found[1], found[0]) if found else ()


def _extended(service: Node, services: Node, project: Project) -> tuple[tuple[Node, ...], str]:
    """The service with those that it extends, and what is in a file that was not found."""
    layers = [service]
    while len(layers) <= _DEEPEST and (extends := layers[-1].get("extends")):
        if path := extends.get("file"):
            services = (project.document(path) or NOTHING).get("services")
        base = services.get(extends.text or extends.get("service").text)
        if not base:
            return tuple(layers), _unread(path) if path else ""
        layers.append(base)
    return tuple(layers), ""


def _parts(service: Service, project: Project, images: Mapping[str, str]) -> list[Part]:
    picture, program, rest = (service.get(key) for key in ("image", "entrypoint", "command"))
    origin = Origin(
        component=Component.ELSEWHERE if service.unread else Component.OTHER,
        name=service.name,
        place=service.place,
        image=image(filled(picture.text, images), picture.place) if picture else None,
        count=_count(service),
        unread=service.unread,
    )
    given = replace(origin, place=(rest or program or service.nodes[0]).place)
    around = Around(given, tuple(_environment(service, project)), tuple(_flags(service)))
    command = [*_words(program), *_words(rest)]
    return [_at(one, service.place) for one in parts(command, around)] or [part(origin, (), around.variables)]


def _at(one: Part, place: Place) -> Part:
    """A service is found where it begins, its flags where they stand."""
    return replace(one, place=place)


def _flags(service: Service) -> Iterator[Given]:
    """What the container is called and which ports it opens."""
    for name, key in (("docker.hostname", "hostname"), ("docker.name", "container_name")):
        if node := service.get(key):
            yield Given(name, filled(node.text), node.place)
    for ports in service.all("ports"):
        yield from (Given("docker.published", _port(one), one.place) for one in ports.items())
    network = service.get("network_mode")
    if network.text == HOST_NETWORK:
        yield Given("docker.published", HOST_NETWORK, network.place)


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


def _words(node: Node) -> list[Word]:
    if node.is_list:
        return [Word(filled(item.text), item.text_line) for item in node.items()]
    return words(filled(node.written), node.file, node.text_line, expands=False) if node.text else []


def _environment(service: Service, project: Project) -> Iterator[Given]:
    for files in service.all("env_file"):
        for node in [*files.items(), files]:
            path = node.text or node.get("path").text
            if path and (found := project.found(path, node.file)):
                yield from (replace(one, value=filled(one.value)) for one in variables(found[1], found[0]))
    for node in service.all("environment"):
        for item in node.items():
            name, _, value = item.text.partition("=")
            yield Given(name, filled(value), item.place)
        for key, item in node.pairs():
            yield Given(key.text, filled(item.text), item.place)
