"""systemd units of Kine, K3s, a kube-apiserver or YugabyteDB, with their environment files (systemd.service(5))."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from kinetune.config.commands import CommandContext, read_command
from kinetune.config.raw_settings import ProcessOrigin, RawSetting, build_process
from kinetune.config.read_environment import parse_variables
from kinetune.config.words import Word, mark_systemd_variables, split_systemd
from kinetune.model.configuration import STORES, Component, ConfiguredProcess
from kinetune.model.failure import UsageFailure
from kinetune.model.file_location import FileLocation

# A file that another one names, as the path it was found at and its text; None where it is not here.
FindBeside = Callable[[str], tuple[str, str] | None]
_SPECIFIER = re.compile(r"%(?!%)")
_PREFIX = re.compile(r"\A(\s*)[-@:+!]+")
# `systemctl cat` prints the path of each file as a comment above it.
_PRINTED = re.compile(r"# /\S*/([^/\s]+\.service)\n")
SPECIFIER = "systemd reads a % in a unit as a specifier"
LITERAL = "systemd does not expand $NAME inside a word"


@dataclass(frozen=True)
class UnitLine:
    """`key=value` of a unit or a drop-in, its continuation lines joined."""

    file: str
    section: str
    key: str
    value: str
    number: int


def read_unit(files: Sequence[tuple[str, str]], beside: FindBeside) -> list[ConfiguredProcess]:
    """
    The processes that ExecStart starts, of (text, path) of a unit and its drop-ins in their order (systemd.unit(5)).
    What `systemctl cat` prints is such a text: the unit and its drop-ins, one after the other.

    UsageFailure names file and line of what is not a unit.
    """
    lines = _in_force(line for text, path in files for line in _parse_lines(text, path) if line.section == "Service")
    starts, (name, alone) = [line for line in lines if line.key == "ExecStart"], _unit_name(*files[0])
    variables, unread = _environment(lines), ""
    for line in lines:
        if line.key == "EnvironmentFile":
            file = _resolve_specifiers(line.value.strip().removeprefix("-"), name)
            found = beside(file)
            variables += parse_variables(found[1], found[0]) if found else ()
            unread = unread or ("" if found else file)
    # A drop-in by itself: its unit is elsewhere, and with it the command and further settings.
    if not starts and alone:
        place, unread = FileLocation(files[0][1], 1), "its unit"
        return [build_process(ProcessOrigin(_component_of(name), name, place, unread=unread), (), variables)]
    if not starts:
        raise UsageFailure(f"{files[0][1]}:1: this is not a systemd service", "it has no ExecStart below [Service]")
    origin = ProcessOrigin(Component.OTHER, name, FileLocation(starts[0].file, starts[0].number), unread=unread)
    context = CommandContext(origin, variables)
    processes = [one for line in starts for one in _read_start(line, context)]
    percent = {line.file for line in lines if line.key in ("ExecStart", "Environment") and _in_endpoint(line.value)}
    return [_add_note(one, percent, SPECIFIER) for one in processes] or [build_process(origin, (), variables)]


def _unit_name(text: str, path: str) -> tuple[str, bool]:
    """The unit's name, and whether the first that was found of it is a drop-in."""
    if printed := _PRINTED.match(text):
        return printed[1], False
    *_, folder, name = ("", *path.split("/"))
    alone = folder.endswith(".service.d")
    return (folder.removesuffix(".d") if alone else name), alone


def _component_of(unit: str) -> Component:
    """What a unit starts that is not here, by its name."""
    return next((one for one in STORES if one.value in unit), Component.OTHER)


def _resolve_specifiers(file: str, unit: str) -> str:
    """K3s' installer writes /etc/default/%N."""
    return file.replace("%N", unit.removesuffix(".service")).replace("%n", unit)


def _in_force(lines: Iterable[UnitLine]) -> list[UnitLine]:
    """A setting without a value removes the values before it."""
    found: list[UnitLine] = []
    for line in lines:
        if line.value.strip():
            found.append(line)
        else:
            found = [other for other in found if other.key != line.key]
    return found


def _read_start(line: UnitLine, context: CommandContext) -> Iterator[ConfiguredProcess]:
    """Prefixes of ExecStart (- @ : + !) are systemd's."""
    text = _PREFIX.sub(r"\1", line.value).replace("%%", "%")
    words, literal = list[Word](), False
    for word in split_systemd(text, line.file, line.number):
        marked, left = mark_systemd_variables(word.text)
        literal = literal or left
        words.append(Word(marked, word.line))
    for one in read_command(words, context):
        yield _add_note(one, {line.file}, LITERAL) if literal else one


def _environment(lines: list[UnitLine]) -> tuple[RawSetting, ...]:
    """Environment="A=b c" D=e, which `systemctl show` prints for every user."""
    found = []
    for line in lines:
        if line.key == "Environment":
            for word in split_systemd(line.value, line.file, line.number):
                name, _, value = word.text.partition("=")
                place = FileLocation(line.file, word.line)
                found.append(RawSetting(name, value.replace("%%", "%"), place, shown=True))
    return tuple(found)


def _in_endpoint(value: str) -> bool:
    """A lone % in an endpoint: %40, which systemd cannot resolve."""
    return any("://" in piece and _SPECIFIER.search(piece.replace("%%", "")) for piece in value.split())


def _add_note(one: ConfiguredProcess, files: set[str], note: str) -> ConfiguredProcess:
    """With a note where its endpoint stands in one of these files."""
    if one.endpoint is None or one.endpoint.place.file not in files:
        return one
    return replace(one, endpoint=replace(one.endpoint, notes=(*one.endpoint.notes, note)))


def _parse_lines(text: str, file: str) -> Iterator[UnitLine]:
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
                raise UsageFailure(f"{file}:{began}: this is not a line of a systemd unit", "write Key=value")
            yield UnitLine(file, section, key.strip(), value.strip(" \t"), began)
        began = 0
