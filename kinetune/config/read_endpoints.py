"""
Datastore endpoints in a file of any kind: k3d, k3k, k0s, vcluster, hetzner-k3s, Kairos, Ansible, Terraform, NixOS …

YAML, JSON and TOML are read by their parsers, at any depth; every other text by its lines. Only endpoints and images of
Kine and K3s are found: what the file configures otherwise is not judged.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from kinetune.config.configured_endpoint import is_template, read_endpoint
from kinetune.config.images import component_of_image, parse_image
from kinetune.config.raw_settings import ProcessOrigin, build_process, show_name
from kinetune.config.words import VARIABLE
from kinetune.config.yaml_text import YamlNode, parse_documents
from kinetune.model.configuration import Component, ConfiguredProcess, PlainSecret
from kinetune.model.failure import UsageFailure
from kinetune.model.file_location import FileLocation

_KEY = r"datastore[-_]endpoint|external_datastore_endpoint|data_?source|(?:K3S_DATASTORE|RKE2_DATASTORE|KINE)_ENDPOINT"
_KEYS = re.compile(_KEY, re.IGNORECASE)
_URL = re.compile(r"\s*postgres(?:ql)?://", re.IGNORECASE)
_IN_LINE = re.compile(
    rf"(?:(?<![\w-])(?:--)?(?P<key>{_KEY})[\"']?\s*(?:[:=]\s*|\s))?(?<![\w+.-])"
    r"(?P<quote>\\?[\"'])?(?P<url>postgres(?:ql)?://(?(quote)(?:(?!(?P=quote)).)*|[^\s\"'`<>\\]*))",
    re.IGNORECASE,
)
# What Jinja and Helm, HCL and Nix, a shell and the writer of a manual put in place of a value.
_TEMPLATE = re.compile(r"\$?\{\{.*?\}\}|\$\{[^}]*\}|\$\([^)]*\)|\$[A-Za-z_]\w*|<[A-Za-z][\w -]*>")
# Where k3d puts an argument of --k3s-arg: it ends in @server:* and the like.
_NODE_FILTER = re.compile(r"@(?:server|agent|loadbalancer|all)s?(?::[\w*,;-]+)?$")
_COMMENT = re.compile(r"\s*(#|//|;|--\s)")


def read_endpoints(text: str, file: str) -> list[ConfiguredProcess]:
    """A process for each endpoint, each where it stands. UsageFailure for YAML, JSON or TOML that is not such."""
    origin = ProcessOrigin(Component.OTHER, file.rpartition("/")[2], FileLocation(file, 1))
    suffix = file.rpartition(".")[2].lower()
    if suffix == "toml":
        return list(_read_toml(text, origin))
    if suffix in ("yaml", "yml", "json"):
        readable = text.replace("\t", " ") if suffix == "json" else text  # JSON may hold tabs, YAML may not
        try:
            return [one for document in parse_documents(readable, file) for one in read_node(document, origin)]
        except UsageFailure:
            # JSON with comments or with a document on each line is read by its lines.
            if suffix != "json" and not is_template(text):
                raise
    return [
        one
        for number, line in enumerate(text.splitlines(), 1)
        for one in read_line(line, replace(origin, place=FileLocation(file, number)))
    ]


def read_node(node: YamlNode, origin: ProcessOrigin) -> Iterator[ConfiguredProcess]:
    """The endpoints of a value and of all below it, each once however many aliases lead to it."""
    seen: set[int] = set()
    pending = [("", node)]
    while pending:
        key, value = pending.pop()
        if id(value.raw) in seen:
            continue
        seen.add(id(value.raw))
        below = [*((name.text, inner) for name, inner in value.pairs()), *((key, item) for item in value.items())]
        pending += reversed(below)
        if value.text:
            yield from _read_value(key, value, replace(origin, place=value.place))


def _read_value(key: str, node: YamlNode, origin: ProcessOrigin) -> Iterator[ConfiguredProcess]:
    text = node.text
    if key == "image" and component_of_image(image := parse_image(text, origin.place)) is not Component.OTHER:
        yield build_process(replace(origin, image=image), ())
    elif "\n" not in text.strip() and (_URL.match(text) or (_KEYS.fullmatch(key) and "://" in text)):
        yield _endpoint_process(key, text, origin)
    elif "://" in text:
        for number, line in enumerate(node.written.splitlines()):
            place = FileLocation(origin.place.file, node.text_line + number)
            yield from read_line(line, replace(origin, place=place))


def read_line(line: str, origin: ProcessOrigin) -> Iterator[ConfiguredProcess]:
    """The PostgreSQL endpoints of a line of any text; none of a comment."""
    if "://" not in line or _COMMENT.match(line):
        return
    for found in _IN_LINE.finditer(_TEMPLATE.sub(VARIABLE, line)):
        yield _endpoint_process(found["key"] or "", found["url"].rstrip(",;)]}"), origin)


def _read_toml(text: str, origin: ProcessOrigin) -> Iterator[ConfiguredProcess]:
    try:
        values = list(_walk_strings("", tomllib.loads(text)))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = re.search(r"at line (\d+)", str(error))
        place = f"{origin.place.file}:{line[1] if line else 1}"
        raise UsageFailure(
            f"{place}: this is not TOML", "look for a missing quote or a key that occurs twice"
        ) from None
    lines = text.splitlines()
    for key, value in values:
        for part in filter(str.strip, value.splitlines()):
            # The parser gives no lines: the first one that contains the text is taken.
            found = (number for number, line in enumerate(lines, 1) if part.strip() in line)
            there = replace(origin, place=FileLocation(origin.place.file, next(found, 1)))
            if _URL.match(part) or (_KEYS.fullmatch(key) and "://" in part):
                yield _endpoint_process(key, part, there)
            else:
                yield from read_line(part, there)


def _walk_strings(key: str, value: Any) -> Iterator[tuple[str, str]]:
    """The strings of a TOML document with the key of each."""
    if isinstance(value, str):
        yield key, value
    for item in value if isinstance(value, list) else ():
        yield from _walk_strings(key, item)
    for name, item in value.items() if isinstance(value, dict) else ():
        yield from _walk_strings(name, item)


def _endpoint_process(key: str, text: str, origin: ProcessOrigin) -> ConfiguredProcess:
    text = _TEMPLATE.sub(VARIABLE, _NODE_FILTER.sub("", text))
    reading = read_endpoint(text, origin.place)
    secret = PlainSecret(show_name(key) if _KEYS.fullmatch(key) else "endpoint", origin.place)
    return replace(build_process(origin, ()), endpoint=reading.endpoint, secrets=(secret,) if reading.password else ())
