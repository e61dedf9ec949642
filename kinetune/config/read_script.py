"""Shell scripts, and single command lines, that start YugabyteDB, Kine or K3s."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from kinetune.config.commands import Around, flags, parts
from kinetune.config.given import Given, Origin, part, secrets
from kinetune.config.lexer import ARGUMENTS, VARIABLE, Lexer, Word
from kinetune.config.written import configured
from kinetune.model.configuration import Component, Part
from kinetune.model.place import Place

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\+?)=(.*)", re.DOTALL)
_BEGINS = ("for", "while", "until")
_MAYBE, _SURE = ("if", "case"), ("fi", "esac")
_LEADS = ("do", "then", "else")
_MOST, _UNKNOWN = 20, {VARIABLE, "*", "{", "?"}
_SAYS = ("export", "readonly", "local", "declare")


@dataclass
class _Loop:
    """A loop goes round for each of its items; one whose items only the machine knows has none, and is read once."""

    name: str = ""
    items: list[str] = field(default_factory=list)
    body: tuple[int, int] = (0, 0)


@dataclass
class _Script:
    """
    What is known on the way through a script: its variables and which of them programs get, the loops and functions it
    is in, how many conditions, and what `set --` made of "$@" (None: the caller's).
    """

    values: dict[str, str] = field(default_factory=dict)
    exported: dict[str, Given] = field(default_factory=dict)
    assigned: list[Given] = field(default_factory=list)
    conditions: int = 0
    loops: list[_Loop | None] = field(default_factory=list)
    arguments: list[Word] | None = None

    def times(self) -> int | None:
        """How often what follows is run: once, since known loops are gone round, or nobody knows."""
        return None if None in self.loops or self.conditions else 1

    def assign(self, one: Given, *, more: bool) -> None:
        """`more` is +=. Under a condition nobody knows which value there is afterwards."""
        value = self.values.get(one.name, "") + one.value if more else one.value
        self.assigned.append(one)
        self.values[one.name] = value if self.conditions == 0 or self.values.get(one.name) == value else VARIABLE

    def export(self, name: str, place: Place) -> None:
        self.exported[name] = Given(name, self.values.get(name, VARIABLE), place)


def read_script(text: str, file: str) -> list[Part]:
    """Every part that a command of the script starts. Variables that it sets itself are followed, others are marks."""
    script = _Script()
    lexer = Lexer(text, file, values=script.values)
    name = file.rpartition("/")[2]
    found: list[Part] = []
    while (command := lexer.command()) is not None:
        command = _filled(command, script)
        _learn(command, script, lexer)
        _arguments(command, script)
        origin = Origin(Component.OTHER, name, Place(file, command[0].line), count=script.times())
        for one in map(_named, parts(command, Around(origin, tuple(script.exported.values())))):
            found = [other for other in found if not _again(one, other)] + [one]
    found += configured(lexer)
    return found + _unused(found, script, name)


def _again(one: Part, other: Part) -> bool:
    """A node that is started anew, after a stop."""
    known = one.image or one.find("hostname", "advertise_address")
    return bool(known) and one.component is Component.NODE and one.name == other.name and "…" not in one.name


def _unused(found: list[Part], script: _Script, name: str) -> list[Part]:
    """Passwords that the script sets for programs that are none of ours."""
    told = {secret.place for one in found for secret in one.secrets}
    others = [one for one in script.assigned for secret in secrets([one]) if secret.place not in told]
    return [part(Origin(Component.OTHER, name, others[0].place), (), others)] if others else []


def read_flags(text: str, file: str) -> list[Part]:
    """A kube-apiserver's flags, one a line, as they are pasted behind its name."""
    origin = Origin(Component.APISERVER, file.rpartition("/")[2], Place(file, 1))
    given = flags([word for command in _all(Lexer(text, file)) for word in command], Around(origin, shown=False))
    return [part(origin, given)]


def _all(lexer: Lexer) -> Iterator[list[Word]]:
    while (command := lexer.command()) is not None:
        yield command


def _named(one: Part) -> Part:
    """A node of its own machine is called by its address or its host."""
    if one.component is not Component.NODE or one.image:
        return one
    told = one.find("hostname", "advertise_address")
    return replace(one, name=told.value) if told and told.value else one


def _filled(command: list[Word], script: _Script) -> list[Word]:
    """With what "$@" holds in its place."""
    if script.arguments is None:
        return command
    known = script.arguments
    return [one for word in command for one in (known if word.text == ARGUMENTS else [word])] or command


def _arguments(command: list[Word], script: _Script) -> None:
    """set -- and shift; a condition before them is taken as met, and a function's end forgets them."""
    if command[0].text == "set" and len(command) > 1 and command[1].text == "--":
        script.arguments = command[2:]
    elif command[0].text == "shift" and script.arguments and len(command) == 1:
        script.arguments = script.arguments[1:]
    elif command[0].text == "}":
        script.arguments = None


def _learn(command: list[Word], script: _Script, lexer: Lexer) -> None:
    """From an assignment its value; a loop begins, goes round or ends."""
    command = command[1:] if command[0].text in _LEADS and len(command) > 1 else command
    heads = [word.text for word in command]
    script.conditions += (heads[0] in _MAYBE) - (heads[0] in _SURE)
    if heads[0] in _BEGINS:
        script.loops.append(_loop(heads, script, lexer))
    elif heads[0] == "{":
        script.loops.append(None)
    elif heads[0] == "done" and script.loops:
        _round(script, lexer)
    elif heads[0] == "}" and script.loops:
        script.loops.pop()
    _assign(command, script, lexer.file)


def _assign(command: list[Word], script: _Script, file: str) -> None:
    """`A=b`, `A+=b`, `export A=b C`, `unset A`; what a file that is not read sets is anybody's guess."""
    head, behind = command[0].text, command[1:]
    if head in (".", "source"):
        script.values.clear()
    elif head == "unset":
        for word in behind:
            script.values.pop(word.text, None)
            script.exported.pop(word.text, None)
    says = head in _SAYS
    lasts = says or all(_ASSIGNMENT.fullmatch(word.text) for word in command)
    for word in behind if says else command:
        place, found = Place(file, word.line), _ASSIGNMENT.fullmatch(word.text)
        if found and lasts:
            script.assign(Given(found[1], found[3], place), more=bool(found[2]))
        elif found:
            script.assigned.append(Given(found[1], found[3], place))  # of the program behind it alone
        elif not says:
            return
        if lasts and (head == "export" or (found and found[1] in script.exported)):
            script.export(found[1] if found else word.text, place)


def _loop(heads: list[str], script: _Script, lexer: Lexer) -> _Loop | None:
    """`for n in 1 2 3`, its variable set to the first; None for a loop of another form, within another, or too long."""
    items = heads[3:] if heads[0] == "for" and heads[2:3] == ["in"] else []
    if not 0 < len(items) <= _MOST or script.loops or any(set(item) & _UNKNOWN for item in items):
        script.values.pop(heads[1] if len(heads) > 1 else "", None)
        return None
    script.values[heads[1]] = items[0]
    return _Loop(heads[1], items[1:], lexer.mark())


def _round(script: _Script, lexer: Lexer) -> None:
    loop = script.loops[-1]
    if loop and loop.items:
        script.values[loop.name] = loop.items.pop(0)
        lexer.back(loop.body)
        return
    script.loops.pop()
    if loop:
        script.values.pop(loop.name, None)
