"""docker-compose.yml and what `docker compose config` prints: a process for each service (Compose specification)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from kinetune.config.commands import CommandContext, read_command
from kinetune.config.images import parse_image
from kinetune.config.raw_settings import ProcessOrigin, RawSetting, build_process, drop_counts, find_secrets, not_judged
from kinetune.config.read_environment import parse_variables
from kinetune.config.read_unit import FindBeside
from kinetune.config.words import VARIABLE, Word, split_systemd
from kinetune.config.yaml_text import YamlNode, parse_documents
from kinetune.model.configuration import HOST_NETWORK, Component, ConfiguredProcess
from kinetune.model.failure import UsageFailure

_VARIABLE = re.compile(r"\$\{(\w+)(?:(:?[-?+])([^${}]*))?\}|\$(\w+)")
# Replaces $$ while variables are filled in, those within the defaults of others first.
_DOLLAR = "\ue003"
_DEEPEST = 5
_NO_VALUES: Mapping[str, str] = MappingProxyType({})
RESOLVE = "run `docker compose config` and check its output"


def read_compose(text: str, file: str, beside: FindBeside) -> list[ConfiguredProcess]:
    """
    A process for each service; one that is extended from another, and what is included, is not judged.

    UsageFailure for what has no services.
    """
    found = []
    for document in parse_documents(text, file):
        include, services = document.get("include"), document.get("services")
        if not services.is_map and not include:
            raise UsageFailure(f"{file}:{document.line}: this is not a compose file", "it has no services")
        variables = _project_variables(beside)
        images = {one.name: one.value for one in variables}
        for name, service in services.pairs():
            found += _read_service(name, service, beside, images)
        if include:
            found.append(not_judged("include", include.place, f"it includes other files: {RESOLVE}"))
        if clear := [one for one in variables if any(find_secrets([one]))]:
            found.append(build_process(ProcessOrigin(Component.OTHER, ".env", clear[0].place), (), clear))
    return drop_counts(found)


def fill_variables(text: str, values: Mapping[str, str] = _NO_VALUES) -> str:
    """As compose reads it: $$ is a dollar, a variable its value, else its default, or VARIABLE."""

    def value(found: re.Match[str]) -> str:
        default = found[3] if (found[2] or "").endswith("-") else VARIABLE
        return values.get(found[1] or found[4], default)

    text = text.replace("$$", _DOLLAR)
    for _ in range(_DEEPEST):
        text = _VARIABLE.sub(value, text)
    return text.replace(_DOLLAR, "$")


def _project_variables(beside: FindBeside) -> tuple[RawSetting, ...]:
    """What .env gives for ${NAME}. Only images take it: a password from there is not in the compose file."""
    found = beside(".env")
    return parse_variables(found[1], found[0]) if found else ()


def _read_service(
    name: YamlNode, service: YamlNode, beside: FindBeside, images: Mapping[str, str]
) -> list[ConfiguredProcess]:
    extends = service.get("extends")
    variables = tuple(_environment(service, beside))
    if extends:
        one = not_judged(name.text, name.place, f"it extends another service: {RESOLVE}")
        return [replace(one, secrets=tuple(find_secrets(variables)))]
    picture, program, rest = (service.get(key) for key in ("image", "entrypoint", "command"))
    # An image without a command of its own says what the service runs.
    origin = ProcessOrigin(
        component=Component.OTHER,
        name=name.text,
        place=name.place,
        image=parse_image(fill_variables(picture.text, images), picture.place) if picture else None,
        count=(service.get("deploy", "replicas") or service.get("scale")).count(1),
    )
    inner = replace(origin, place=(rest or program or service).place)
    context = CommandContext(inner, variables, tuple(_container_flags(service)))
    started = read_command([*_command_words(program), *_command_words(rest)], context)
    # A service is found where it begins, its flags where they are written.
    return [replace(one, place=name.place) for one in started] or [build_process(origin, (), variables)]


def _container_flags(service: YamlNode) -> Iterator[RawSetting]:
    """What the container is called and which ports it opens."""
    for name, key in (("docker.hostname", "hostname"), ("docker.name", "container_name")):
        if node := service.get(key):
            yield RawSetting(name, fill_variables(node.text), node.place)
    for port in service.get("ports").items():
        yield RawSetting("docker.published", _published_port(port), port.place)
    network = service.get("network_mode")
    if network.text == HOST_NETWORK:
        yield RawSetting("docker.published", HOST_NETWORK, network.place)


def _published_port(node: YamlNode) -> str:
    """`127.0.0.1:8080:8080` of the short form as of the long one."""
    if node.is_map:
        pieces = [node.get(key).text for key in ("host_ip", "published", "target")]
        return ":".join(filter(None, map(fill_variables, pieces)))
    return fill_variables(node.text)


def _command_words(node: YamlNode) -> list[Word]:
    if node.is_list:
        return [Word(fill_variables(item.text), item.text_line) for item in node.items()]
    return split_systemd(fill_variables(node.written), node.file, node.text_line) if node.text else []


def _environment(service: YamlNode, beside: FindBeside) -> Iterator[RawSetting]:
    files = service.get("env_file")
    for node in [*files.items(), files]:
        path = node.text or node.get("path").text
        if path and (found := beside(fill_variables(path))):
            yield from (replace(one, value=fill_variables(one.value)) for one in parse_variables(found[1], found[0]))
    environment = service.get("environment")
    for item in environment.items():
        name, _, value = item.text.partition("=")
        yield RawSetting(name, fill_variables(value), item.place)
    for key, item in environment.pairs():
        yield RawSetting(key.text, fill_variables(item.text), item.place)
