"""YAML with the line of each value. PyYAML is loaded when the first such file is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kinetune.model.failure import UsageFailure
from kinetune.model.file_location import FileLocation

_DEEPEST, _WIDEST = 4, 10  # merges of merges, and in one place; more than that is a knot, or a bomb


@dataclass(frozen=True)
class YamlNode:
    """A value of a document; what is looked for and not there is a Node that holds nothing."""

    raw: Any
    line: int
    file: str = ""

    def __bool__(self) -> bool:
        return self.raw is not None

    @property
    def text(self) -> str:
        """A scalar as written; empty for null and for lists and mappings."""
        if self._is("scalar") and not str(self.raw.tag).endswith(":null"):
            return str(self.raw.value)
        return ""

    @property
    def place(self) -> FileLocation:
        return FileLocation(self.file, self.line)

    @property
    def text_line(self) -> int:
        """Where the text begins: below the | or > of a block."""
        return self.line + (self._is("scalar") and self.raw.style in ("|", ">"))

    @property
    def written(self) -> str:
        """The text with the line breaks that it has in the file: a folded block (>) has lost them."""
        if not self._is("scalar") or self.raw.style != ">":
            return self.text
        begin, end = self.raw.start_mark, self.raw.end_mark
        return str(begin.buffer[begin.pointer : end.pointer].partition("\n")[2])

    @property
    def is_list(self) -> bool:
        return self._is("sequence")

    @property
    def is_map(self) -> bool:
        return self._is("mapping")

    def count(self, default: int | None) -> int | None:
        """A number of processes; the default where there is none, None for any other text (a template)."""
        text = self.text
        return (int(text) if text.isdecimal() and len(text) < 5 else None) if text else default

    def pairs(self) -> Iterator[tuple[YamlNode, YamlNode]]:
        """Keys and values of a mapping, merged ones (<<) first, so that its own come last and win."""
        yield from self._pairs(_DEEPEST)

    def items(self) -> Iterator[YamlNode]:
        if self.is_list:
            yield from map(_wrap, self.raw.value)

    def get(self, *path: str) -> YamlNode:
        """The value below these keys."""
        here = self
        for name in path:
            found = [value for key, value in here.pairs() if key.text == name]
            here = found[-1] if found else YamlNode(None, here.line, here.file)
        return here

    def _pairs(self, depth: int) -> Iterator[tuple[YamlNode, YamlNode]]:
        if not self.is_map or depth == 0:
            return
        own = [(_wrap(key), _wrap(value)) for key, value in self.raw.value]
        for key, value in own:
            if key.text == "<<":
                for merged in reversed(list(value.items())[:_WIDEST] or [value]):  # the first of several wins
                    yield from merged._pairs(depth - 1)
        yield from ((key, value) for key, value in own if key.text != "<<")

    def _is(self, kind: str) -> bool:
        return self.raw is not None and self.raw.id == kind


@dataclass(frozen=True)
class Layers:
    """Mappings laid over each other, the one that wins first."""

    nodes: tuple[YamlNode, ...]

    def get(self, *path: str) -> YamlNode:
        """The value of the first that has one; where none has, the place in the first is that of the gap."""
        several = [node.get(*path) for node in self.nodes]
        return next(filter(None, several), several[0])

    def get_all(self, *path: str) -> Iterator[YamlNode]:
        """What is added up instead: the one that wins comes last."""
        return (found for node in reversed(self.nodes) if (found := node.get(*path)))


def parse_documents(text: str, file: str) -> list[YamlNode]:
    """
    The documents of a file. UsageFailure names file and line of what is not YAML, and never quotes it: an error of
    PyYAML may contain half a password.
    """
    import yaml  # noqa: PLC0415 - 30 ms that only such files are worth

    try:
        loader = yaml.SafeLoader(text)
        loader.name = file
        return list(_compose_nodes(loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _no_yaml(file, mark.line + 1 if mark else 1) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise _no_yaml(file, 1) from None


def _no_yaml(file: str, line: int) -> UsageFailure:
    return UsageFailure(f"{file}:{line}: this is not YAML", "look for a missing quote, a tab or a wrong indent")


def _compose_nodes(loader: Any) -> Iterator[YamlNode]:
    while loader.check_node():
        yield _wrap(loader.get_node())


def _wrap(raw: Any) -> YamlNode:
    return YamlNode(raw, raw.start_mark.line + 1, str(raw.start_mark.name))
