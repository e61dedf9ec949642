"""What a backup says of itself: the table as it was made, and sums by which its rows are known again. Schema 1."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kinetune.model.failure import UsageFailure
from kinetune.model.plain import decode, encode
from kinetune.model.schema import Column, Index, Sequence
from kinetune.model.server import Flavour

KIND = "kinetune backup"
SCHEMA = 1
SCRATCH = "kinetune_restore"
"""The table that a restore fills, and renames to kine when all is in it."""


@dataclass(frozen=True)
class StoredIndex:
    """`definition` is the server's own CREATE INDEX, ON kinetune_restore; `whole` where `index` says all of it."""

    index: Index
    definition: str
    whole: bool = True


@dataclass(frozen=True)
class Grant:
    """What a role but the owner may do; `kind` is table or sequence, an empty role is PUBLIC."""

    kind: str
    role: str
    privilege: str

    def __post_init__(self) -> None:
        if self.kind not in ("table", "sequence") or not re.fullmatch("[A-Z]+", self.privilege):
            raise ValueError("not a grant")


@dataclass(frozen=True)
class Manifest:
    """The table as it was, where and when. `settings` are those of the database that kinetune had made."""

    kinetune: str
    taken_at: datetime
    server: str
    flavour: Flavour
    database: str
    schema: str
    owner: str
    columns: tuple[Column, ...]
    primary_key: Index
    sequence: Sequence
    indexes: tuple[StoredIndex, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    grants: tuple[Grant, ...] = ()

    @property
    def copied(self) -> tuple[str, ...]:
        """The columns in the order of the rows' fields: id first, by which they are sorted."""
        return ("id", *(column.name for column in self.columns if column.name != "id"))


@dataclass(frozen=True)
class Sums:
    """
    Of the rows as COPY writes them (text, sorted by id): number, newest revision, bytes, SHA-256. `last_id` is the
    sequence's last value, read after the last row; 0 before the first id.
    """

    rows: int
    max_id: int | None
    last_id: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Backup:
    """A whole and undamaged backup."""

    manifest: Manifest
    sums: Sums

    @property
    def next_above(self) -> int:
        """No revision up to here may be given again; 0 where none ever was."""
        return max(self.sums.last_id, self.sums.max_id or 0)


def head(manifest: Manifest) -> bytes:
    """The first line of a backup."""
    return _line({"kind": KIND, "schema": SCHEMA, "manifest": encode(manifest)})


def tail(sums: Sums) -> bytes:
    """The last line of a backup."""
    return _line({"sums": encode(sums)})


def manifest_of(line: bytes, source: str) -> Manifest:
    """UsageFailure naming `source` for anything that head() did not write."""
    document = _document(line)
    if document.get("kind") != KIND:
        raise UsageFailure(f"{source} is no backup of kinetune", "name a file that kinetune drop --backup has written")
    if document.get("schema") != SCHEMA:
        raise UsageFailure(
            f"{source} is a backup of schema {document.get('schema')}, this kinetune reads {SCHEMA}", "update kinetune"
        )
    found = _decoded(Manifest, document.get("manifest"), source)
    assert isinstance(found, Manifest)
    return found


def sums_of(line: bytes, source: str) -> Sums:
    """UsageFailure naming `source` for anything that tail() did not write."""
    found = _decoded(Sums, _document(line).get("sums"), source)
    assert isinstance(found, Sums)
    return found


def damaged(source: str, why: str) -> UsageFailure:
    return UsageFailure(f"{source} is damaged: {why}", "nothing was changed; take another copy of it")


def _line(document: dict[str, object]) -> bytes:
    return json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def _document(line: bytes) -> dict[str, Any]:
    """Empty for what is no JSON object."""
    try:
        document = json.loads(line)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _decoded(kind: type, data: object, source: str) -> object:
    try:
        return decode(kind, data)
    except (KeyError, TypeError, ValueError):
        raise damaged(source, f"its {kind.__name__.lower()} cannot be read") from None
