"""The command line of a unit, a container or a script line, read as the process that it starts."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from kinetune.config.images import component_of_image, parse_image
from kinetune.config.raw_settings import ProcessOrigin, RawSetting, build_process, not_judged, show_name
from kinetune.config.words import UNCLOSED, VARIABLE, ScriptLine, ShellCommand, Word, script_lines, shell_commands
from kinetune.kine.flags import K3S_KEYS
from kinetune.model.configuration import HOST_NETWORK, NO_FLAG, STORES, Component, ConfiguredProcess
from kinetune.model.file_location import FileLocation

PROGRAMS = {
    "kine": Component.KINE,
    "k3s": Component.K3S,
    "rke2": Component.K3S,
    "k3sup": Component.K3S,
    "kube-apiserver": Component.APISERVER,
    "yugabyted": Component.NODE,
    "yb-tserver": Component.TSERVER,
    "yb-master": Component.MASTER,
}
# Programs that start a server, or place data, only with one of these words first.
_VERBS = {"k3s": ("server",), "rke2": ("server",), "k3sup": ("install",), "yugabyted": ("start", "configure")}
_SHELLS = ("sh", "bash", "dash", "ash")
_ENGINES = ("docker", "podman")
# Programs that only name a command.
_PRINTERS = ("echo", "printf", "grep", "pgrep", "pkill")
# A command of a known program, at the beginning of a text or inside it.
_STARTS = re.compile(
    r"(?:^|[\s/'\"])(?:yugabyted\s+(?:start|configure|\$)|(?:k3s|rke2)\s+server|k3sup\s+install"
    r"|(?:kine|kube-apiserver|yb-tserver|yb-master)\s+-)|^\S*(?<![^/])kine$"
)
# A container of a known image, or of one that a variable names.
_RUNS = re.compile(r"\S+ (?:container )?run .*(?:\$|kine\b|k3s|rke2|yugabyte|kube-apiserver)", re.DOTALL)
_PREFIXES = "sudo exec env nohup time command tini dumb-init do then else if ! {"
# What may stand before a program without a value of its own; sudo's -u and -g have one.
_BEFORE = frozenset(_PREFIXES.split())
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_LONG_SWITCHES = """
--rm --detach --init --privileged --interactive --tty --read-only --publish-all --quiet --no-healthcheck --replace
--sig-proxy --oom-kill-disable --disable-content-trust --no-hosts --env-host --http-proxy --rmi
"""
_SWITCHES = frozenset(_LONG_SWITCHES.split())
# Switches of docker run by a letter: several may stand together, before one that takes a value.
_LETTERS = "ditPq"
# Shells and containers inside each other: a deeper nesting is made to exhaust the reader.
_DEEPEST = 5


@dataclass(frozen=True)
class CommandContext:
    """
    The process around a command, and what it is given from outside. `shown` is true where every user of the machine
    can see the command's words, `depth` how many shells and containers it is inside.
    """

    origin: ProcessOrigin
    variables: tuple[RawSetting, ...] = ()
    flags: tuple[RawSetting, ...] = ()
    shown: bool = True
    depth: int = 0


def read_command(command: Sequence[Word], context: CommandContext) -> list[ConfiguredProcess]:
    """The processes that a command starts; none where it starts no program that kinetune knows."""
    if context.depth > _DEEPEST:
        return []
    command, variables = _strip_prefix(command, context)
    context = replace(context, variables=context.variables + variables, depth=context.depth + 1)
    name = command[0].text.rpartition("/")[2] if command else ""
    if name in _ENGINES:
        return _read_docker(command[1:], context)
    if name in _SHELLS and (text := _shell_text(command)):
        return read_shell_text(text, context)
    return _read_program(name, command, context)


def read_shell_text(text: Word, context: CommandContext) -> list[ConfiguredProcess]:
    """The processes that lines of shell start; a line that needs an expansion is returned as not judged."""
    found = []
    for line in script_lines(text.text):
        if not line.data:
            found += read_shell_line(replace(line, line=text.line + line.line - 1), context)
    return found


def read_shell_line(line: ScriptLine, context: CommandContext) -> list[ConfiguredProcess]:
    """The processes that the commands of a logical line start."""
    commands = shell_commands(line.text, line.line)
    if commands == [UNCLOSED]:
        place = FileLocation(context.origin.place.file, line.line)
        return [not_judged(context.origin.name, place, UNCLOSED.obstacle)] if _STARTS.search(line.text) else []
    installs = "k3s" in line.text or "rke2" in line.text
    return [one for command in commands for one in _read_shell_command(command, context, installs=installs)]


def _read_shell_command(command: ShellCommand, context: CommandContext, *, installs: bool) -> list[ConfiguredProcess]:
    """`installs` is true where the line names K3s: an installer that is piped into `sh` is K3s' then."""
    words, variables = _strip_prefix(command.words, context)
    text, name = " ".join(word.text for word in words), words[0].text.rpartition("/")[2] if words else ""
    server = _read_installer(words, variables) if name in _SHELLS and installs and not _shell_text(words) else []
    starts = bool(server or _STARTS.search(text))
    obstacle = command.obstacle
    if not starts and (name not in _ENGINES or (obstacle and not _RUNS.match(text))):
        return []
    if name not in (*PROGRAMS, *_ENGINES, *_SHELLS):
        obstacle = f"the command is an argument of {name}"
    if name in _PRINTERS:
        return []
    if not obstacle:
        inner = replace(context, variables=context.variables + variables)
        return _read_program("k3s", server, inner) if server else read_command(words, inner)
    return [not_judged(context.origin.name, FileLocation(context.origin.place.file, words[0].line), obstacle)]


def _strip_prefix(command: Sequence[Word], context: CommandContext) -> tuple[list[Word], tuple[RawSetting, ...]]:
    """Without what may stand before a program; NAME=value there are its variables."""
    words, variables, wrapped = list(command), list[RawSetting](), False
    while words:
        text = words[0].text
        before = text.rpartition("/")[2] in _BEFORE
        if found := _ASSIGNMENT.fullmatch(text):
            variables.append(RawSetting(found[1], found[2], _place_of(context, words[0]), context.shown))
        elif wrapped and text in ("-u", "-g", "--user", "--group"):
            words = words[1:]
        elif not before and not (wrapped and text[:1] == "-"):
            break
        wrapped = wrapped or before
        words = words[1:]
    return words, tuple(variables)


def _shell_text(command: Sequence[Word]) -> Word | None:
    """What `bash -euxo pipefail -c 'text'` runs: the word behind the option that ends in c."""
    pairs = pairwise(command[1:])
    return next((text for option, text in pairs if re.fullmatch("-[a-z]*c", option.text)), None)


def _read_installer(command: Sequence[Word], variables: Sequence[RawSetting]) -> list[Word]:
    """
    The command of the server that `curl … | INSTALL_K3S_EXEC="server …" sh -s - server …` installs. Empty for an
    agent, and for a script that is not K3s' installer.
    """
    given = [one for one in variables if one.name == "INSTALL_K3S_EXEC"]
    arguments = [word for one in given for word in _split_value(one)]
    arguments += [word for word in command[1:] if word.text not in ("-", "-s", "--")]
    names = {one.name for one in variables}
    keys = {word.text.lstrip("-").partition("=")[0] for word in arguments}
    if arguments and arguments[0].text == "server":
        return [command[0], *arguments]
    if names & {"K3S_URL", "RKE2_URL"} or (arguments and arguments[0].text[:1] != "-"):
        return []
    ours = bool(given) or keys & K3S_KEYS or any(name.startswith(("K3S_DATASTORE", "RKE2_DATASTORE")) for name in names)
    return [command[0], Word("server", command[0].line), *arguments] if ours else []


def _read_program(name: str, command: Sequence[Word], context: CommandContext) -> list[ConfiguredProcess]:
    """By the program's name, or by its image where the command is flags alone."""
    kind = PROGRAMS.get(name)
    # Flags alone are arguments of the image's entrypoint: `docker run rancher/kine --endpoint=…`.
    if kind is None and (not command or command[0].text[:1] == "-" or name in ("server", "agent")):
        kind, command = component_of_image(context.origin.image), [Word("", context.origin.place.line), *command]
        name = "k3s" if kind is Component.K3S else ""
    arguments = list(command[1:])
    verb = next((word.text for word in arguments if word.text[:1] != "-"), "")
    if name in _VERBS and verb not in _VERBS[name]:
        kind = None
    elif verb == "configure":
        kind = Component.PLACEMENT
    if kind is None or kind is Component.OTHER:
        other = replace(context.origin, component=Component.OTHER)
        return [build_process(other, (), context.variables)] if context.origin.image else []
    place = _place_of(context, command[0]) if command[0].text else context.origin.place
    own = [*context.flags, *_flags_of(arguments, kind, context)]
    if name == "k3sup":
        own = [flag for one in own for flag in _k3sup_flags(one, context)]
    return [build_process(replace(context.origin, component=kind, place=place), own, context.variables)]


def _flags_of(arguments: Sequence[Word], kind: Component, context: CommandContext) -> Iterator[RawSetting]:
    """
    Kine and K3s (urfave/cli) stop reading flags at a word that is not one: `' --datastore-endpoint=…'` begins with a
    blank, and neither it nor what follows is read (tried on K3s v1.35.0, tests/config/test_k3s_reading.py).
    """
    blank = next((at for at, word in enumerate(arguments) if re.match(r"\s+-", word.text)), len(arguments))
    at = blank if kind in STORES else len(arguments)
    yield from read_flags(arguments[:at], context)
    yield from (RawSetting(NO_FLAG, "", _place_of(context, word)) for word in arguments[at : at + 1])


def _k3sup_flags(flag: RawSetting, context: CommandContext) -> list[RawSetting]:
    """k3sup's own --datastore and --k3s-extra-args as the flags that it gives to `k3s server`."""
    if flag.name == "datastore":
        return [replace(flag, name="datastore-endpoint")]
    if flag.name != "k3s-extra-args":
        return [flag] if flag.name == NO_FLAG or flag.name == VARIABLE else []
    return list(read_flags(_split_value(flag), context))


def _split_value(setting: RawSetting) -> list[Word]:
    """The words of a value that is a command line; VARIABLE where its quotes do not close."""
    try:
        texts = shlex.split(setting.value)
    except ValueError:
        texts = [VARIABLE]
    return [Word(text, setting.place.line) for text in texts]


def read_flags(arguments: Sequence[Word], context: CommandContext) -> Iterator[RawSetting]:
    """
    `--name=value`, `--name value`, `--name`. A kube-apiserver-arg of K3s becomes the API server's own flag, and a word
    that a variable holds a flag of the name VARIABLE.
    """
    at = 0
    while at < len(arguments):
        word = arguments[at]
        at += 1
        if word.text == VARIABLE:
            yield RawSetting(VARIABLE, "", _place_of(context, word))
        if word.text[:1] != "-":
            continue
        name, mark, value = word.text.lstrip("-").partition("=")
        takes_flags = name == "k3s-extra-args"  # k3sup's own, whose value begins with a dash
        if not mark and at < len(arguments) and (takes_flags or arguments[at].text[:1] != "-"):
            value, at = arguments[at].text, at + 1
        if name == "kube-apiserver-arg":
            name, _, value = value.lstrip("-").partition("=")
        yield RawSetting(name, value, _place_of(context, word), context.shown)


def _read_docker(command: Sequence[Word], context: CommandContext) -> list[ConfiguredProcess]:
    """docker run, create and exec: the command in the container, with its image, variables and ports."""
    command = command[1:] if command and command[0].text == "container" else command
    if not command or command[0].text not in ("run", "exec", "create"):
        return []
    at, options = 1, []
    while at < len(command) and command[at].text[:1] == "-":
        word = command[at]
        name, value = _split_option(word.text)
        at += 1
        if value is None and at < len(command):
            value, at = command[at].text, at + 1
        options.append((name, value or "", word))
    if at == len(command):
        return []
    inner = _container_context(options, command[at], context)
    if command[0].text != "exec":
        image = parse_image(command[at].text, inner.origin.place)
        inner = replace(inner, origin=replace(inner.origin, image=image))
    return read_command(command[at + 1 :], inner)


def _split_option(text: str) -> tuple[str, str | None]:
    """`--name=value`, `-itp 80:80`, `-p80:80`: its name and its value, empty for a switch, None where it follows."""
    if text.startswith("--"):
        name, mark, value = text.partition("=")
        return name, value if mark else "" if name in _SWITCHES else None
    letters = text[1:].lstrip(_LETTERS)
    return f"-{letters[:1]}", (letters[1:].removeprefix("=") or None) if letters else ""


def _container_context(options: list[tuple[str, str, Word]], called: Word, context: CommandContext) -> CommandContext:
    origin, flags, variables, unread = context.origin, [], [], context.origin.unread
    name = next((value for option, value, _ in options if option == "--name"), called.text.rpartition("/")[2])
    for option, value, word in options:
        place = _place_of(context, word)
        if option in ("-e", "--env"):
            variables += [one for one in context.variables if one.name == value]  # -e NAME passes on its own
            given, mark, text = value.partition("=")
            variables += [RawSetting(given, text, place, context.shown)] if mark else []
        elif option in ("-h", "--hostname"):
            flags.append(RawSetting("docker.hostname", value, place))
        elif option in ("-p", "--publish"):
            flags.append(RawSetting("docker.published", value, place))
        elif option in ("--net", "--network") and value == HOST_NETWORK:
            flags.append(RawSetting("docker.published", HOST_NETWORK, place))
        elif option == "--env-file":
            unread = show_name(value)
    return replace(
        context,
        origin=replace(origin, name=name, place=_place_of(context, called), unread=unread),
        variables=tuple(variables),
        flags=tuple(flags),
    )


def _place_of(context: CommandContext, word: Word) -> FileLocation:
    return FileLocation(context.origin.place.file, word.line)
