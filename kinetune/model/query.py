"""Kine's queries and their arguments. Apart from workload.py, which a command that reads only logs does not load."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Parameter:
    """`$number` of a statement: the type the server infers, and what it means (`prefix-start`, `revision` …)."""

    number: int
    type: str
    meaning: str


@dataclass(frozen=True)
class Query:
    """
    One of Kine's statements, verbatim, under Kine's own name, as recorded from a real release (sql/kine/<era>).

    `trigger` is what makes Kine send it, `frequency` how often, `wish` the best access path.
    """

    era: str
    name: str
    text: str
    parameters: tuple[Parameter, ...]
    trigger: str
    frequency: str
    wish: str


@dataclass(frozen=True)
class SampleArguments:
    """
    Arguments taken from the store: keys and revisions, never values.

    `prefix` is that of the largest resource, `middle_key` the key in its middle, `key` one with many revisions,
    `old_revision` the compacted one or 10,000 revisions back, whichever is newer.
    """

    prefix: str
    empty_prefix: str
    key: str
    middle_key: str
    newest_revision: int
    old_revision: int
    compact_revision: int


@dataclass(frozen=True)
class Call:
    """
    A query with its arguments, and its purpose in Kubernetes terms ("list pods, first page").

    `scenario` is the same in all eras (list-page, poll …), so that two runs can be compared. `text` is the statement as
    Kine sends it, with LIMIT. `arguments` are in the order of `query.parameters`.
    """

    scenario: str
    words: str
    query: Query
    text: str
    arguments: tuple[object, ...]
    writes: bool = False
