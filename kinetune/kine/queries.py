"""Kine's statements, verbatim as a real Kine sent them: sql/kine/<catalogue>/<name>.sql, by tests/kine/record.py."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from kinetune import resources
from kinetune.kine.releases import era_named, recorded
from kinetune.model.workload import Parameter, Query

# Where E19 and E20 put the row limit (kine pkg/query/query.go LimitToken); all others append it.
LIMIT_TOKEN = "/* LIMIT */"


def catalogue(era_name: str) -> Mapping[str, Query]:
    """
    The statements of an era (`v0.17.3`, `E20`) by Kine's own names, in alphabetical order.

    `Query.era` is the era whose build was recorded; UsageFailure where no build with that SQL was.
    """
    return _read(recorded(era_named(era_name)))


def limited(text: str, n: int) -> str:
    """The statement as Kine sends it with a row limit; Kine writes the number into the text."""
    if LIMIT_TOKEN in text:
        return text.replace(LIMIT_TOKEN, f"LIMIT {n}", 1)
    return f"{text} LIMIT {n}"


@cache
def _read(folder: str) -> Mapping[str, Query]:
    files = sorted((resources.folder("sql") / "kine" / folder).glob("*.sql"))
    return MappingProxyType({file.stem: _query(file) for file in files})


def _query(file: Path) -> Query:
    """A header of comments (`-- key: value`, `-- $1 type meaning  e.g. …`), then the statement on one line."""
    *header, text = file.read_text(encoding="utf-8").strip().split("\n")
    comments = [line.removeprefix("-- ") for line in header]
    said = dict(line.split(": ", 1) for line in comments if ": " in line and not line.startswith("$"))
    return Query(
        era=file.parent.name,
        name=file.stem,
        text=text,
        parameters=tuple(_parameter(line) for line in comments if line.startswith("$")),
        trigger=said["sent when"],
        frequency=said["how often"],
        wish=said["wish"],
    )


def _parameter(line: str) -> Parameter:
    """`$1 text prefix-start  e.g. '/registry/pods/'`."""
    number, rest = line.split("  ")[0].split(" ", 1)
    kind, meaning = rest.rsplit(" ", 1)
    return Parameter(int(number[1:]), kind, meaning)
