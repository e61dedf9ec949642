"""
Shell scripts and single command lines that start YugabyteDB, Kine or K3s.

A script is read by its lines and never interpreted: a line of a known command is judged as it is written, a line that
needs a variable is listed as not judged, and every other line is only searched for endpoints and passwords.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile

from kinetune.config.commands import CommandContext, read_flags, read_shell_line
from kinetune.config.raw_settings import ProcessOrigin, RawSetting, build_process, drop_counts, find_secrets
from kinetune.config.read_endpoints import read_line
from kinetune.config.words import VARIABLE, ScriptLine, Word, script_lines, shell_commands
from kinetune.model.configuration import STORES, Component, ConfiguredProcess
from kinetune.model.file_location import FileLocation

# A command in a loop, a function or a condition runs any number of times.
_COMPOUND = re.compile(r"^\s*(for|while|until|if|case|select|function)\b|\(\)\s*[{(]", re.MULTILINE)
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_DECLARE = ("export", "readonly", "local", "declare", "env")


def read_script(text: str, file: str) -> list[ConfiguredProcess]:
    """
    The processes that commands of the script start, and what stands in lines that were not judged.

    Where the script has loops, functions or conditions, nothing says how often a command runs: `count` is None.
    """
    origin = ProcessOrigin(Component.OTHER, file.rpartition("/")[2], FileLocation(file, 1))
    origin = replace(origin, count=None if _COMPOUND.search(text) else 1)
    found: list[ConfiguredProcess] = []
    for line in script_lines(text):
        for one in _read_line(line, origin):
            found = [other for other in found if not _is_restart(one, other)] + [one]
    return drop_counts(found)


def _read_line(line: ScriptLine, origin: ProcessOrigin) -> Iterator[ConfiguredProcess]:
    context = CommandContext(replace(origin, place=FileLocation(origin.place.file, line.line)))
    started = [] if line.data else read_shell_line(line, context)
    yield from map(_name_node, started)
    # What a command was judged by is not reported again as an endpoint or an assignment of the line.
    known = {secret.place for one in started for secret in one.secrets}
    if not started or any(one.component is Component.NOT_JUDGED for one in started):
        endpoints = [one for one in _find_endpoints(line, context.origin) if not _is_repeated(one, started)]
        known |= {secret.place for one in endpoints for secret in one.secrets}
        yield from endpoints
    assigned = [] if line.data else _find_assignments(line, context.origin.place)
    if secrets := [one for one in assigned if any(secret.place not in known for secret in find_secrets([one]))]:
        yield build_process(context.origin, (), secrets)


def _find_assignments(line: ScriptLine, place: FileLocation) -> Iterator[RawSetting]:
    """`A=b c` and `export A=b`: passwords are set so for programs of any kind."""
    for command in shell_commands(line.text, line.line):
        words = [word.text for word in command.words]
        for word in words[1:] if words[:1] and words[0] in _DECLARE else takewhile(_ASSIGNMENT.fullmatch, words):
            if found := _ASSIGNMENT.fullmatch(word):
                yield RawSetting(found[1], re.sub(r"[$`].*", VARIABLE, found[2], flags=re.DOTALL), place)


def _find_endpoints(line: ScriptLine, origin: ProcessOrigin) -> Iterator[ConfiguredProcess]:
    for number, physical in enumerate(line.text.split("\n"), line.line):
        yield from read_line(physical, replace(origin, place=FileLocation(origin.place.file, number)))


def _is_repeated(one: ConfiguredProcess, started: list[ConfiguredProcess]) -> bool:
    return one.endpoint is not None and any(one.endpoint == other.endpoint for other in started)


def _is_restart(one: ConfiguredProcess, other: ConfiguredProcess) -> bool:
    """The same node started again, after a stop."""
    known = one.image or one.find("hostname", "advertise_address")
    return bool(known) and one.component is Component.NODE and one.name == other.name and "…" not in one.name


def _name_node(one: ConfiguredProcess) -> ConfiguredProcess:
    """A node on its own machine is called by its address or its host; a store may take more from the environment."""
    if one.component in STORES and not one.unread:
        return replace(one, unread="the environment of the script")
    named = one.find("hostname", "advertise_address")
    if one.component is not Component.NODE or one.image or not (named and named.value):
        return one
    return replace(one, name=named.value)


def read_flags_file(text: str, file: str) -> list[ConfiguredProcess]:
    """A kube-apiserver's flags, one a line, as they are pasted behind its name."""
    origin = ProcessOrigin(Component.APISERVER, file.rpartition("/")[2], FileLocation(file, 1))
    words = [Word(line.text.strip(), line.line) for line in script_lines(text)]
    return [build_process(origin, read_flags(words, CommandContext(origin, shown=False)))]
