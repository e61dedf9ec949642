"""Words of a systemd line and commands of a shell script, each with its line in the file."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from kinetune.model.failure import UsageFailure

# Replaces in a word what only the machine knows: ${NAME} of compose, $(NAME) of a manifest.
VARIABLE = "\ue000"
_QUOTED = r"'[^']*'|\"(?:\\.|[^\"\\])*\"|\\."
_SYSTEMD_WORD = re.compile(rf"(?:{_QUOTED}|[^\s'\"\\])+", re.DOTALL)
_SHELL_TOKEN = re.compile(
    rf"(?P<redirect>\d?[<>]+[&|]?\s*)|(?P<operator>[;&|()]+)|(?P<comment>#[^\n]*)"
    rf"|(?P<word>(?:{_QUOTED}|\$\([^()]*\)|[^\s;&|()<>'\"\\])+)",
    re.DOTALL,
)
_PIECE = re.compile(rf"{_QUOTED}|[^'\"\\]+", re.DOTALL)
_EXPANSION = re.compile(r"(?<!\\)(?:\$\{?([A-Za-z_]\w*|[0-9@*#?!])|\$\(|\$$|`)")
# A quote over more lines than this is taken for a stray apostrophe.
_LONGEST = 50
_HERE_DOCUMENT = re.compile(r"(?<!<)<<-?\s*(['\"]?)(\w+)\1")


@dataclass(frozen=True)
class Word:
    text: str
    line: int


@dataclass(frozen=True)
class ScriptLine:
    """
    A logical line of a script: physical lines joined after a backslash and within quotes. `data` is true inside a here
    document, whose lines are input of a program and no commands.
    """

    text: str
    line: int
    data: bool = False


@dataclass(frozen=True)
class ShellCommand:
    """One simple command. `obstacle` says why it is not judged: the first variable in it is not known. Else empty."""

    words: tuple[Word, ...]
    obstacle: str = ""


UNCLOSED = ShellCommand((), "a quote is not closed")


def split_systemd(text: str, file: str, line: int) -> list[Word]:
    """
    The words of a value in a unit (systemd.syntax(7)): quotes and backslashes, no operators and no comments.

    UsageFailure names file and line of a quote that is not closed.
    """
    if left := re.search(r"['\"]", _SYSTEMD_WORD.sub(lambda found: " " * len(found[0]), text)):
        place = f"{file}:{line + text.count(chr(10), 0, left.start())}"
        raise UsageFailure(f"{place}: a quote is not closed", "close it")
    return [
        Word(_unquote(found[0]), line + text.count("\n", 0, found.start())) for found in _SYSTEMD_WORD.finditer(text)
    ]


def script_lines(text: str) -> Iterator[ScriptLine]:
    """The logical lines of a script, without comment lines and empty ones."""
    lines, at = text.splitlines(), 0
    while at < len(lines):
        began, whole = at, lines[at]
        at += 1
        if whole.lstrip()[:1] in ("#", ""):
            continue
        whole, at = _join_lines(lines, began)
        yield ScriptLine(whole, began + 1)
        for found in _HERE_DOCUMENT.finditer(whole):
            if found[2] not in map(str.strip, lines[at:]):
                continue  # a shift in arithmetic, or text in quotes
            while lines[at].strip() != found[2]:
                yield ScriptLine(lines[at], at + 1, data=True)
                at += 1
            at += 1


def _join_lines(lines: list[str], at: int) -> tuple[str, int]:
    """
    The logical line that begins there, and the next one's index. A line goes on after a backslash, and to the end of a
    quote of at most _LONGEST lines.
    """
    whole, end, alone = lines[at], at + 1, None
    while end < len(lines):
        if whole.endswith("\\"):
            whole = f"{whole[:-1]} \n{lines[end]}"
        elif end < at + _LONGEST and shell_commands(whole, 1) == [UNCLOSED]:
            alone = alone or (whole, end)
            whole = f"{whole}\n{lines[end]}"
        else:
            break
        end += 1
    return alone if alone and shell_commands(whole, 1) == [UNCLOSED] else (whole, end)


def shell_commands(text: str, line: int) -> list[ShellCommand]:
    """
    The simple commands of a logical line, cut at ; & | and parentheses, without redirections; [UNCLOSED] where a quote
    does not close. Nothing is expanded.
    """
    commands, words, obstacle, skip, end = list[ShellCommand](), list[Word](), "", False, 0
    for found in _SHELL_TOKEN.finditer(text):
        if text[end : found.start()].strip():
            return [UNCLOSED]
        end = found.end()
        if found["operator"]:
            commands += [ShellCommand(tuple(words), obstacle)] if words else []
            words, obstacle = [], ""
        elif found["redirect"]:
            skip = True
        elif found["word"]:
            if not skip:
                words.append(Word(_unquote(found[0]), line + text.count("\n", 0, found.start())))
                name = unknown_name(found[0])
                obstacle = obstacle or (f"{name} is not known" if name else "")
            skip = False
    if text[end:].strip():
        return [UNCLOSED]
    return [*commands, ShellCommand(tuple(words), obstacle)] if words else commands


def unknown_name(word: str) -> str:
    """
    The first thing that a shell would expand in a word as written: `IMAGE`, `$1`, `$(…)`; empty where there is none.

    A name in small letters is returned as `a variable`: it may be a piece of a password that holds a dollar.
    """
    for piece in _PIECE.findall(word):
        if piece[0] not in "'\\" and (found := _EXPANSION.search(piece)):
            name = found[1] or "(…)"
            return f"${name}" if not name.isidentifier() else name if name.isupper() else "a variable"
    return ""


def mark_systemd_variables(word: str) -> tuple[str, bool]:
    """
    A word of ExecStart with VARIABLE for ${NAME} and for a word that is $NAME; $$ is a dollar (systemd.service(5)).

    The second value is true where $NAME is a part of a word: systemd leaves it as it is.
    """
    pieces = [re.sub(r"\$\{\w+\}", VARIABLE, piece) for piece in word.split("$$")]
    if re.fullmatch(r"\$\w+", word):
        return VARIABLE, False
    literal = any(re.search(r"\$\w", piece) for piece in pieces)
    return "$".join(re.sub(r"\$\w+", VARIABLE, piece) for piece in pieces), literal


def _unquote(word: str) -> str:
    try:
        return "".join(shlex.split(word)) if word.strip() else word
    except ValueError:
        return word
