"""The command line of a program, of a container or of a shell, read as the Part it starts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kinetune.config.given import Given, Origin, part, shown
from kinetune.config.images import component, image
from kinetune.config.lexer import ARGUMENTS, VARIABLE, Lexer, Word
from kinetune.kine.flags import K3S_KEYS, K3S_VARIABLES
from kinetune.model.configuration import HOST_NETWORK, NO_FLAG, STORES, Component, Part
from kinetune.model.place import Place

PROGRAMS = {
    "kine": Component.KINE,
    "k3s": Component.K3S,
    "kube-apiserver": Component.APISERVER,
    "yugabyted": Component.NODE,
    "yb-tserver": Component.TSERVER,
    "yb-master": Component.MASTER,
}
_SHELLS = {"sh", "bash", "dash", "ash"}
_ENGINES = {"docker", "podman"}
_BEFORE = {"do", "then", "else", "elif", "if", "!", "nohup", "time", "while", "until", "{", "command"}
_WRAPPERS = """
sudo env exec su runuser ssh nice ionice numactl taskset setsid timeout tini dumb-init catatonit gosu su-exec chroot
stdbuf
"""
_AROUND = frozenset(_WRAPPERS.split())
"""Programs that start another one, which stands behind options of theirs."""
_TAKES_ONE = frozenset(("su", "runuser", "ssh", "timeout", "taskset", "gosu", "su-exec", "chroot"))
"""Those that take a word of their own first: a user, a host, a time."""
_OF_SSH, _OF_OTHERS = ("-i", "-p", "-o", "-l", "-F", "-J"), ("-u", "-g", "--user", "--group")
"""Options of theirs with a value behind them, where that is no number."""
_KNOWN = PROGRAMS.keys() | _SHELLS | _ENGINES | _AROUND
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_LONG_SWITCHES = """
--rm --detach --init --privileged --interactive --tty --read-only --publish-all --quiet --no-healthcheck --replace
--sig-proxy --oom-kill-disable --disable-content-trust --no-hosts --env-host --http-proxy --rmi
"""
_SWITCHES = frozenset(_LONG_SWITCHES.split())
_DEEPEST = 20
_LETTERS = "ditPq"
"""Switches of docker run by a letter: several may stand together, before one that takes a value."""


@dataclass(frozen=True)
class Around:
    """What stands around a command: what it is called there, what it is given from outside, and in how many others."""

    origin: Origin
    variables: tuple[Given, ...] = ()
    flags: tuple[Given, ...] = ()
    shown: bool = True
    depth: int = 0


def parts(command: Sequence[Word], around: Around) -> Iterator[Part]:
    """The parts that a command starts; none where it starts nothing of ours, or stands too deep in others."""
    if around.depth > _DEEPEST:
        return
    command = [replace(word, text=word.text.replace(ARGUMENTS, VARIABLE)) for word in command]
    command, given = _bare(command, around)
    around = replace(around, variables=around.variables + given, depth=around.depth + 1)
    name = command[0].text.rpartition("/")[2] if command else ""
    if name in _ENGINES and len(command) > 1:
        yield from _docker(command[1:], around)
    elif name in _SHELLS and (text := _text(command)):
        yield from _inside(text, around)
    elif name in _AROUND and (wrapped := list(_wrapped(command, around))):
        yield from wrapped
    else:
        installed = _installed(command, around) if name in _SHELLS else None
        yield from _program("k3s" if installed else name, installed or command, around)


def _inside(text: Word, around: Around) -> Iterator[Part]:
    """The parts of commands that are given as one text."""
    inner = Lexer(text.text, around.origin.place.file, text.line)
    while (words := inner.command()) is not None:
        yield from parts(words, around)


def _text(command: Sequence[Word]) -> Word | None:
    """What `bash -euxo pipefail -c 'text'` runs: the first word behind its options, one of which has a c."""
    at, asked = 1, False
    while at < len(command) and command[at].text[:1] in ("-", "+") and len(command[at].text) > 1:
        letters = "" if command[at].text.startswith("--") else command[at].text
        asked = asked or "c" in letters
        at += 2 if "o" in letters else 1
    return command[at] if asked and at < len(command) else None


def _wrapped(command: Sequence[Word], around: Around) -> Iterator[Part]:
    """Behind `sudo -u yugabyte`, `env A=b`, `timeout 5`; and in the text of `su - yugabyte -c` and `ssh host`."""
    wrapper, given, value = command[0].text.rpartition("/")[2], list[Given](), False
    own = wrapper in _TAKES_ONE
    for at, word in enumerate(command[1:], 1):
        if word.text.rpartition("/")[2] in _KNOWN:
            yield from parts(command[at:], replace(around, variables=(*around.variables, *given)))
            return
        if word.text[:1] == "-":
            value = word.text in (_OF_SSH if wrapper == "ssh" else _OF_OTHERS)
        elif found := _ASSIGNMENT.fullmatch(word.text):
            given.append(Given(found[1], found[2], _place(around, word), around.shown))
        elif " " in word.text:
            yield from _inside(word, around)
        elif value or own or word.text.isdecimal():
            value, own = False, own and value
        else:
            return  # another program, which may name ours: systemctl restart kine


def _installed(command: Sequence[Word], around: Around) -> list[Word] | None:
    """`curl … | INSTALL_K3S_EXEC="server …" sh -s - server …`, K3s' own way of installing itself; None for others."""
    told = next((one for one in around.variables if one.name == "INSTALL_K3S_EXEC"), None)
    given = Lexer(told.value, told.place.file, told.place.line, shell=False).command() if told else None
    behind = [word for word in command[1:] if word.text not in ("-", "-s", "--")]
    arguments = [*(given or ()), *behind]
    names = {one.name for one in around.variables}
    keys = {word.text.lstrip("-").partition("=")[0] for word in arguments}
    if arguments and arguments[0].text == "server":
        return [command[0], *arguments]
    if "K3S_URL" in names or (arguments and arguments[0].text[:1] != "-"):
        return None  # an agent, or somebody else's script
    ours = names & {"INSTALL_K3S_EXEC", *K3S_VARIABLES} or keys & K3S_KEYS
    return [command[0], Word("server", command[0].line), *arguments] if ours else None


def _bare(command: Sequence[Word], around: Around) -> tuple[list[Word], tuple[Given, ...]]:
    """Without what may stand before a program; its own NAME=value in front are variables."""
    words, given = list(command), []
    while words and (words[0].text in _BEFORE or (found := _ASSIGNMENT.fullmatch(words[0].text))):
        if words[0].text not in _BEFORE and found:
            given.append(Given(found[1], found[2], _place(around, words[0]), around.shown))
        words = words[1:]
    return words, tuple(given)


def _program(name: str, command: Sequence[Word], around: Around) -> Iterator[Part]:
    """By the program's name, or by its image where the command is flags alone."""
    kind = PROGRAMS.get(name)
    if kind is None and (not command or command[0].text[:1] == "-" or name in ("server", "agent")):
        kind, command = component(around.origin.image), [Word("", around.origin.place.line), *command]
    arguments = list(command[1:])
    verb = next((word.text for word in arguments if word.text[:1] != "-"), "")
    if kind is Component.NODE:
        kind = {"start": Component.NODE, "configure": Component.PLACEMENT}.get(verb)
    if kind is Component.K3S and verb != "server":
        kind = None
    if kind is None or kind is Component.OTHER:
        if around.origin.image:
            yield part(replace(around.origin, component=Component.OTHER), (), around.variables)
        return
    place = _place(around, command[0]) if name else around.origin.place
    own = [*around.flags, *(_until_blank(arguments, around) if kind in STORES else flags(arguments, around))]
    yield part(replace(around.origin, component=kind, place=place), own, around.variables)


def _until_blank(arguments: Sequence[Word], around: Around) -> Iterator[Given]:
    """`' --datastore-endpoint=…'` is no flag: Kine and K3s (urfave/cli) read none from there on."""
    at = next((at for at, word in enumerate(arguments) if re.match(r"\s+-", word.text)), len(arguments))
    yield from flags(arguments[:at], around)
    yield from (Given(NO_FLAG, "", _place(around, word)) for word in arguments[at : at + 1])


def flags(arguments: Sequence[Word], around: Around) -> Iterator[Given]:
    """
    `--name=value`, `--name value`, `--name`. What K3s hands to the API server is told as the API server's,
    and words that a variable holds as a flag of the mark's name.
    """
    at = 0
    while at < len(arguments):
        word = arguments[at]
        at += 1
        if word.text == VARIABLE:
            yield Given(VARIABLE, "", _place(around, word))
        if word.text[:1] != "-":
            continue
        name, mark, value = word.text.lstrip("-").partition("=")
        if not mark and at < len(arguments) and arguments[at].text[:1] != "-":
            value, at = arguments[at].text, at + 1
        if name == "kube-apiserver-arg":
            name, _, value = value.lstrip("-").partition("=")
        yield Given(name, value, _place(around, word), around.shown)


def _docker(command: Sequence[Word], around: Around) -> Iterator[Part]:
    """docker run and docker exec."""
    command = command[1:] if command[0].text == "container" and len(command) > 1 else command
    if command[0].text not in ("run", "exec", "create"):
        return
    at, options = 1, []
    while at < len(command) and command[at].text[:1] == "-":
        word = command[at]
        name, value = _option(word.text)
        at += 1
        if value is None and at < len(command):
            value, at = command[at].text, at + 1
        options.append((name, value or "", word))
    if at == len(command):
        return
    inner = _container(options, command[at], around)
    if command[0].text != "exec":
        inner = replace(inner, origin=replace(inner.origin, image=image(command[at].text, inner.origin.place)))
    yield from parts(command[at + 1 :], inner)


def _option(text: str) -> tuple[str, str | None]:
    """`--name=value`, `-itp 80:80`, `-p80:80`: its name and its value, empty for a switch, None where it follows."""
    if text.startswith("--"):
        name, mark, value = text.partition("=")
        return name, value if mark else "" if name in _SWITCHES else None
    letters = text[1:].lstrip(_LETTERS)
    return f"-{letters[:1]}", (letters[1:].removeprefix("=") or None) if letters else ""


def _container(options: list[tuple[str, str, Word]], called: Word, around: Around) -> Around:
    origin, flags, variables, unread = around.origin, [], [], around.origin.unread
    name = next((value for option, value, _ in options if option == "--name"), called.text.rpartition("/")[2])
    for option, value, word in options:
        place = _place(around, word)
        if option in ("-e", "--env"):
            variables += [one for one in around.variables if one.name == value]  # -e NAME passes on its own
            told, mark, text = value.partition("=")
            variables += [Given(told, text, place, around.shown)] if mark else []
        elif option in ("-h", "--hostname"):
            flags.append(Given("docker.hostname", value, place))
        elif option in ("-p", "--publish"):
            flags.append(Given("docker.published", value, place))
        elif option in ("--net", "--network") and value == HOST_NETWORK:
            flags.append(Given("docker.published", HOST_NETWORK, place))
        elif option == "--env-file":
            unread = f"{shown(value)}, which was not read"
    return replace(
        around,
        origin=replace(origin, name=name, place=_place(around, called), unread=unread),
        variables=tuple(variables),
        flags=tuple(flags),
    )


def _place(around: Around, word: Word) -> Place:
    return Place(around.origin.place.file, word.line)
