"""docker-compose.yml: a part for each service (the Compose specification, services)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from kinetune.deploy.commands import Around, parts
from kinetune.deploy.given import Given, Origin, part
from kinetune.deploy.images import image
from kinetune.deploy.lexer import VARIABLE, Word, words
from kinetune.deploy.read_environment import variables
from kinetune.deploy.read_unit import Beside
from kinetune.deploy.yaml_text import Node, documents
from kinetune.model.configuration import Component, Part
from kinetune.model.failure import UsageFailure
from kinetune.model.place import Place

_VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?:(:?[-?+])([^}]*))?\}|\$(\w+)")


def read_compose(text: str, file: str, beside: Beside) -> list[Part]:
    """UsageFailure for what has no services."""
    found = []
    for document in documents(text, file):
        services = document.get("services")
        if not services.is_map:
            raise UsageFailure(f"{file}:{document.line}: this is no compose file", "it has no services")
        for name, service in services.pairs():
            found += _service(name, service, file, beside)
    return found


def filled(text: str) -> str:
    """As compose reads it: $$ is a dollar, a variable its default, or the mark."""

    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        return found[3] if (found[2] or "").endswith("-") else VARIABLE

    return _VARIABLE.sub(value, text)


def _service(name: Node, service: Node, file: str, beside: Beside) -> list[Part]:
    place = Place(file, name.line)
    named, host = service.get("container_name"), service.get("hostname")
    picture = service.get("image")
    origin = Origin(
        component=Component.OTHER,
        name=name.text,
        place=place,
        image=image(filled(picture.text), Place(file, picture.line)) if picture else None,
        count=_count(service),
    )
    flags = [Given("docker.hostname", filled(host.text), Place(file, host.line))] if host else []
    flags += [Given("docker.name", filled(named.text), Place(file, named.line))] if named else []
    flags += [Given("docker.published", _port(one), Place(file, one.line)) for one in service.get("ports").items()]
    around = Around(origin, tuple(_environment(service, file, beside)), tuple(flags))
    command = [*_words(service.get("entrypoint"), file), *_words(service.get("command"), file)]
    return [_at(one, place) for one in parts(command, around)] or [part(origin, (), around.variables)]


def _at(one: Part, place: Place) -> Part:
    """A service is found where it begins, its flags where they stand."""
    return replace(one, place=place)


def _count(service: Node) -> int | None:
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
        return [Word(filled(item.text), item.line) for item in node.items()]
    return words(filled(node.text), file, node.line) if node.text else []


def _environment(service: Node, file: str, beside: Beside) -> Iterator[Given]:
    files = service.get("env_file")
    for node in [*files.items(), files]:
        path = node.text or node.get("path").text
        if path and (found := beside(filled(path))):
            yield from variables(found[1], found[0])
    node = service.get("environment")
    for item in node.items():
        name, _, value = item.text.partition("=")
        yield Given(name, filled(value), Place(file, item.line))
    for key, item in node.pairs():
        yield Given(key.text, filled(item.text), Place(file, item.line))
