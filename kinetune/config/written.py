"""Files that a script writes from here documents: those that configure Kine or K3s are read as what they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kinetune.config.lexer import Lexer, Word
from kinetune.config.read_environment import read_environment
from kinetune.config.read_k3s import read_k3s
from kinetune.config.read_unit import read_unit
from kinetune.model.configuration import Part

_INTO = re.compile(r"(?:^| )(?:tee(?: -\S+)*|>>?\|?) ?(\S+)")
_STARTS = re.compile(r"^\s*ExecStart\s*=", re.MULTILINE)
_K3S = re.compile(r"^\s*datastore-[a-z-]+\s*:", re.MULTILINE)
_ENVIRONMENT = re.compile(r"(\s*(#.*|(KINE|K3S)_\w+=.*)?\n)*")


def configured(lexer: Lexer) -> Iterator[Part]:
    """The parts of those files, each line where it stands in the script. UsageFailure as their readers have it."""
    written = {_target(words): body for words, body in lexer.bodies}
    texts = {name: "\n" * (body.line - 1) + body.text for name, body in written.items() if name}
    for text in texts.values():
        if _STARTS.search(text):
            yield from read_unit([(text, lexer.file)], lambda name: _among(texts, name, lexer.file))
        elif _K3S.search(text):
            yield from read_k3s([(text, lexer.file)])
        elif text.strip() and _ENVIRONMENT.fullmatch(text):
            yield from read_environment(text, lexer.file)


def _among(texts: dict[str, str], path: str, file: str) -> tuple[str, str] | None:
    text = texts.get(path.rpartition("/")[2])
    return (file, text) if text is not None else None


def _target(words: Sequence[Word]) -> str:
    """The name of the file that a command writes to, by > or tee; empty where it writes to none."""
    found = _INTO.search(" ".join(word.text for word in words))
    return found[1].rpartition("/")[2] if found else ""
