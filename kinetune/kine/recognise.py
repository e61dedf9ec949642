"""Which of Kine's statements a text is, and which release sends such texts: for pg_stat_statements and server logs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType

from kinetune.kine.queries import catalogue, limited
from kinetune.kine.releases import ERAS, Era

# Constants as SQL writes them, parameters, and what Kine's own log writes for bytes and NULL (pkg/query/query.go).
_CONSTANT = r"""
    [eEnNbBxX]?'(?:[^']|'')*'
  | \[\d+\]byte\(\.\.\.\) | <nil>(?:\{\.\.\.\})?
  | \$\d+
  | (?<![\w.$])\d+(?:\.\d+)?(?![\w.])
  | (?<!is\ )(?<!not\ )\b(?:null|true|false)\b
"""


_PREPARED = re.compile(r"PREPARE kinetune_call (?:\([^)]*\) )?AS ")


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    return (
        re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL),
        re.compile(_CONSTANT, re.VERBOSE | re.IGNORECASE),
        re.compile(r"(?<=\() | (?=[),])"),
    )


def normalise(text: str) -> str:
    """
    The statement without what varies: constants and parameters are `$n`, comments are gone, blanks are single.

    Texts from Kine, from pg_stat_statements (which numbers constants after the parameters) and from Kine's log become
    equal; case is kept. Idempotent.
    """
    comment, constant, beside_bracket = _patterns()
    bare = constant.sub("$n", " ".join(comment.sub(" ", text).split()))
    return beside_bracket.sub("", bare).rstrip("; ")


def name_of(text: str, era: str = "") -> tuple[tuple[str, ...], str] | None:
    """
    The eras that send this statement and its name, None if Kine never does.

    Names changed over time: it is the one of `era` if that sends it, else the newest. pg_stat_statements puts Kine's
    calls under the PREPARE of kinetune explain where that came first: both have one query id.
    """
    names = _index().get(normalise(_PREPARED.sub("", text)))
    if names is None:
        return None
    return tuple(names), names.get(era, names[max(names, key=_position)])


def era_of_statements(texts: Iterable[str]) -> Era | None:
    """
    The newest era that can have sent these statements; None if nothing tells it.

    After an upgrade the statistics hold statements of both releases: what the newer ones rule out is left aside.
    Eras with equal SQL count as the first of them.
    """
    seen = {form: names for form in map(normalise, texts) if (names := _index().get(form))}
    left = {era.name for era in ERAS if era.catalogue == era.name}
    for names in sorted(seen.values(), key=lambda names: -min(map(_position, names))):
        left = left & names.keys() or left
    shares = {name: sum(name in names for names in seen.values()) / len(catalogue(name)) for name in left}
    best = max(shares, key=lambda name: (shares[name], _position(name)))
    if len(left) > 1 and shares[best] < 0.5:
        return None
    return ERAS[_position(best)]


def _position(name: str) -> int:
    return next(at for at, era in enumerate(ERAS) if era.name == name)


@cache
def _index() -> Mapping[str, Mapping[str, str]]:
    """Normalised statement, with and without LIMIT → era → Kine's name for it."""
    index: dict[str, dict[str, str]] = {}
    for era in ERAS:
        if era.catalogue is not None:
            for query in catalogue(era.name).values():
                for text in (query.text, limited(query.text, 1)):
                    index.setdefault(normalise(text), {})[era.name] = query.name
    return MappingProxyType(index)
