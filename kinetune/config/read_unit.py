"""systemd units of Kine, K3s, a kube-apiserver or YugabyteDB, with their environment files (systemd.service(5))."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from kinetune.config.commands import Around, parts
from kinetune.config.given import Given, Origin, part
from kinetune.config.lexer import Word, words
from kinetune.config.read_environment import variables
from kinetune.model.configuration import STORES, Component, Part
from kinetune.model.failure import UsageFailure
from kinetune.model.place import Place

Beside = Callable[[str], tuple[str, str] | None]
"""A file that another one names, as the path it was found at and its text; None where it is not here."""
_SPECIFIER = re.compile(r"%(?!%)")
_PREFIX = re.compile(r"\A(\s*)[-@:+!]+")
SPECIFIER = "systemd takes a % in a unit for a specifier"


@dataclass(frozen=True)
class Line:
    """`key=value` of a unit or a drop-in, its continuation lines joined."""

    file: str
    section: str
    key: str
    value: str
    number: int


def read_unit(files: Sequence[tuple[str, str]], beside: Beside) -> list[Part]:
    """
    The parts that ExecStart starts, of (text, path) of a unit and its drop-ins in their order (systemd.unit(5)).

    UsageFailure names file and line of what is no unit.
    """
    lines = _in_force(line for text, path in files for line in _lines(text, path) if line.section == "Service")
    starts, (name, alone) = [line for line in lines if line.key == "ExecStart"], _unit(files[0][1])
    given, unread = _environment(lines), ""
    for line in lines:
        if line.key == "EnvironmentFile":
            file = _resolved(line.value.strip().removeprefix("-"), name)
            found = beside(file)
            given += variables(found[1], found[0]) if found else ()
            unread = unread or ("" if found else f"{file}, which is not here")
    if not starts and alone:
        place, unread = Place(files[0][1], 1), "its unit, which is not here"
        return [part(Origin(_component(name), name, place, unread=unread), (), given)]
    if not starts:
        raise UsageFailure(f"{files[0][1]}:1: this is no systemd service", "it has no ExecStart below [Service]")
    origin = Origin(Component.OTHER, name, Place(starts[0].file, starts[0].number), unread=unread)
    around = Around(origin, given)
    found_parts = [one for line in starts for one in _started(line, around)]
    percent = {line.file for line in lines if line.key in ("ExecStart", "Environment") and _in_endpoint(line.value)}
    return [_noted(one, percent) for one in found_parts] or [part(around.origin, (), given)]


def _unit(path: str) -> tuple[str, bool]:
    """The unit's name, and whether the first that was found of it is a drop-in."""
    *_, folder, name = ("", *path.split("/"))
    alone = folder.endswith(".service.d")
    return (folder.removesuffix(".d") if alone else name), alone


def _component(unit: str) -> Component:
    """What a unit starts that is not here, by its name."""
    return next((one for one in STORES if one.value in unit), Component.OTHER)


def _resolved(file: str, unit: str) -> str:
    """K3s' installer writes /etc/default/%N."""
    return file.replace("%N", unit.removesuffix(".service")).replace("%n", unit)


def _in_force(lines: Iterable[Line]) -> list[Line]:
    """A setting without a value takes back what was said of it before."""
    found: list[Line] = []
    for line in lines:
        if line.value.strip():
            found.append(line)
        else:
            found = [other for other in found if other.key != line.key]
    return found


def _started(line: Line, around: Around) -> Iterator[Part]:
    """Prefixes of ExecStart (- @ : + !) are systemd's."""
    text = _PREFIX.sub(r"\1", line.value).replace("%%", "%")
    yield from parts(words(text, line.file, line.number), around)


def _environment(lines: list[Line]) -> tuple[Given, ...]:
    """Environment="A=b c" D=e; systemctl show tells it to everybody."""
    found = []
    for line in lines:
        if line.key == "Environment":
            for word in words(line.value, line.file, line.number, expands=False):
                name, _, value = word.text.partition("=")
                found.append(Given(name, value.replace("%%", "%"), _place(line.file, word), shown=True))
    return tuple(found)


def _in_endpoint(value: str) -> bool:
    """A lone % in an endpoint: %40, which systemd cannot resolve."""
    return any("://" in piece and _SPECIFIER.search(piece.replace("%%", "")) for piece in value.split())


def _noted(one: Part, files: set[str]) -> Part:
    """With a word on specifiers where its endpoint stands in one of these files."""
    if one.endpoint is None or one.endpoint.place.file not in files:
        return one
    return replace(one, endpoint=replace(one.endpoint, notes=(*one.endpoint.notes, SPECIFIER)))


def _lines(text: str, file: str) -> Iterator[Line]:
    """A line that ends in a backslash goes on; what begins with # or ; is a comment, also in between."""
    section, pending, began = "", "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line[:1] in ("#", ";") or (not line and not pending):
            pending += "\n" if pending else ""
            continue
        began = began or number
        if line.endswith("\\"):
            pending += line[:-1] + " \n"
            continue
        whole, pending = pending + line, ""
        if whole.startswith("[") and whole.endswith("]"):
            section = whole[1:-1]
        else:
            key, mark, value = whole.partition("=")
            if not mark:
                raise UsageFailure(f"{file}:{began}: this is no line of a systemd unit", "write Key=value")
            yield Line(file, section, key.strip(), value.strip(" \t"), began)
        began = 0


def _place(file: str, word: Word) -> Place:
    return Place(file, word.line)
