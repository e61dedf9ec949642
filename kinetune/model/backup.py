"""The manifest and the sums of a backup: the definition of the table, where the rows come from, and their checksum."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kinetune.model.facts import Column, Index, Sequence
from kinetune.model.failure import UsageFailure
from kinetune.model.plain_data import decode, encode
from kinetune.model.server import Flavour
from kinetune.model.transfer import SourceKind, SourceState
from kinetune.model.versioned_file import FileFormat, require_format

BACKUP = FileFormat(
    "kinetune backup", "backup of kinetune", "use a file that kinetune backup or kinetune drop --backup has written", 2
)
TEXT_ROWS = 1
"""The schema of files of kinetune 0.1.0: their rows are in the text format of COPY."""
PG_DUMP_SUFFIXES = (".dump", ".sql")
"""Endings of a file that pg_dump writes, in its custom format and as SQL."""
INCOMING = "kinetune_incoming"
"""The table that `move` and `restore` fill, and rename to kine when it is complete."""
FORMER_INCOMING = "kinetune_restore"
"""Its name in kinetune 0.1.0."""


@dataclass(frozen=True)
class StoredIndex:
    """
    An index of the table. `definition` is the CREATE INDEX that a server returned, on the table kinetune_incoming;
    empty if there was none. `whole` is false if `index` cannot express it (an index on an expression).
    """

    index: Index
    definition: str = ""
    whole: bool = True


@dataclass(frozen=True)
class StoredGrant:
    """A privilege of a role that is not the owner. `kind` is table or sequence; an empty role is PUBLIC."""

    kind: str
    role: str
    privilege: str

    def __post_init__(self) -> None:
        # The privilege becomes a part of a statement, and a backup file may come from another machine.
        if self.kind not in ("table", "sequence") or not re.fullmatch("[A-Z]+", self.privilege):
            raise ValueError("not a grant")


@dataclass(frozen=True)
class TableDefinition:
    """
    The table that rows are copied into. `settings` are those that kinetune sets on the database. `owner` is empty where
    the table stays with the role that creates it. `flavour` is the kind of server that the texts of the indexes come
    from, `database` where it was read. `plants`: on a server that keeps statistics they are planted, otherwise those of
    the rows are collected.
    """

    columns: tuple[Column, ...]
    primary_key: Index
    sequence: Sequence
    indexes: tuple[StoredIndex, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    grants: tuple[StoredGrant, ...] = ()
    owner: str = ""
    flavour: Flavour | None = None
    database: str = ""
    plants: bool = True

    @property
    def text_columns(self) -> tuple[str, ...]:
        """The columns of rows in a file of schema 1: id first, because rows are sorted by it."""
        return ("id", *(column.name for column in self.columns if column.name != "id"))


@dataclass(frozen=True)
class Manifest:
    """
    The first line of a backup. `source` is the store as it was then. Only a backup of a database has a `definition`.
    """

    kinetune: str
    taken_at: datetime
    source: SourceState
    definition: TableDefinition | None = None


@dataclass(frozen=True)
class BackupSums:
    """
    Sums of the rows, sorted by id: their number, the newest revision, bytes and SHA-256 as they are in the file before
    compression. `last_id` is the last value of the sequence; 0 if there is none, or it gave none yet.
    """

    rows: int
    max_id: int | None
    last_id: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Backup:
    """
    A complete backup whose sums were verified. `schema` is the version of its format, `compacted` the revision up to
    which its history is compacted.
    """

    manifest: Manifest
    sums: BackupSums
    schema: int = BACKUP.schema
    compacted: int = 0

    @property
    def next_above(self) -> int:
        """The highest revision that was ever used, 0 for none. The sequence must continue above it."""
        return max(self.sums.last_id, self.sums.max_id or 0)


def manifest_line(manifest: Manifest) -> bytes:
    """The first line of a backup."""
    return _json_line({"kind": BACKUP.kind, "schema": BACKUP.schema, "manifest": encode(manifest)})


def sums_line(sums: BackupSums) -> bytes:
    """The last line of a backup."""
    return _json_line({"sums": encode(sums)})


def parse_manifest(line: bytes, source: str) -> tuple[int, Manifest]:
    """The schema of the file and its manifest. UsageFailure naming `source` for any other line."""
    document = _parse_object(line)
    if document.get("schema") != TEXT_ROWS or document.get("kind") != BACKUP.kind:
        require_format(document, source, BACKUP)
    data = document.get("manifest")
    if document["schema"] == TEXT_ROWS:
        found = _decode_as(_FirstManifest, data, "manifest", source).convert()
    else:
        found = _decode_as(Manifest, data, "manifest", source)
    assert isinstance(found, Manifest)
    return document["schema"], found


def parse_sums(line: bytes, source: str) -> BackupSums:
    """UsageFailure naming `source` for a line that sums_line() did not write."""
    found = _decode_as(BackupSums, _parse_object(line).get("sums"), "sums", source)
    assert isinstance(found, BackupSums)
    return found


def damaged_backup(source: str, why: str) -> UsageFailure:
    return UsageFailure(f"{source} is damaged: {why}", "nothing was changed; take another copy of it")


@dataclass(frozen=True)
class _FirstManifest:
    """The manifest of schema 1. The table of a restore was called kinetune_restore then, also in the file."""

    kinetune: str
    taken_at: datetime
    server: str
    flavour: Flavour
    database: str
    owner: str
    columns: tuple[Column, ...]
    primary_key: Index
    sequence: Sequence
    indexes: tuple[StoredIndex, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    grants: tuple[StoredGrant, ...] = ()

    def convert(self) -> Manifest:
        kind = SourceKind.YUGABYTEDB if self.flavour is Flavour.YUGABYTEDB else SourceKind.POSTGRESQL
        mark, now = f" ON {FORMER_INCOMING} ", f" ON {INCOMING} "
        indexes = (StoredIndex(one.index, one.definition.replace(mark, now, 1), one.whole) for one in self.indexes)
        definition = TableDefinition(
            self.columns,
            self.primary_key,
            self.sequence,
            tuple(indexes),
            self.settings,
            self.grants,
            self.owner,
            self.flavour,
            self.database,
        )
        version = self.server.rpartition(" ")[2]
        state = SourceState(kind, f"database {self.database}", version, revision=0, rows=0)
        return Manifest(self.kinetune, self.taken_at, state, definition)


def _json_line(document: dict[str, object]) -> bytes:
    # One line of ASCII: the file is read line by line up to the first block.
    return json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def _parse_object(line: bytes) -> dict[str, Any]:
    """The JSON object of a line; empty where it is not one."""
    try:
        document = json.loads(line)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _decode_as(kind: type, data: object, part: str, source: str) -> Any:
    try:
        return decode(kind, data)
    except (KeyError, TypeError, ValueError):
        raise damaged_backup(source, f"its {part} cannot be read") from None
