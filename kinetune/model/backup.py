"""The manifest and the sums of a backup: the definition of the table, and checksums of its rows."""

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
from kinetune.model.versioned_file import FileFormat, require_format

BACKUP = FileFormat("kinetune backup", "backup of kinetune", "use a file that kinetune drop --backup has written")
PG_DUMP_SUFFIXES = (".dump", ".sql")
"""Endings of a file that pg_dump writes, in its custom format and as SQL."""
RESTORE_TABLE = "kinetune_restore"
"""The table that a restore fills and renames to kine when it is complete."""


@dataclass(frozen=True)
class StoredIndex:
    """
    An index of the backup. `definition` is the CREATE INDEX that the server returned, on the table kinetune_restore;
    `whole` is false if `index` cannot express it (an index on an expression).
    """

    index: Index
    definition: str
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
class Manifest:
    """The definition of the table, its server, and the time. `settings` are those that kinetune set on the database."""

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
    grants: tuple[StoredGrant, ...] = ()

    @property
    def copied(self) -> tuple[str, ...]:
        """The columns in the order in which rows are written: id first, because rows are sorted by it."""
        return ("id", *(column.name for column in self.columns if column.name != "id"))


@dataclass(frozen=True)
class BackupSums:
    """
    Sums of the rows in the text format of COPY, sorted by id: their number, the newest revision, bytes and SHA-256.
    `last_id` is the last value of the sequence, read after the last row; 0 if it gave none yet.
    """

    rows: int
    max_id: int | None
    last_id: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Backup:
    """A complete backup whose sums were verified."""

    manifest: Manifest
    sums: BackupSums

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


def parse_manifest(line: bytes, source: str) -> Manifest:
    """UsageFailure naming `source` for a line that manifest_line() did not write."""
    document = require_format(_parse_object(line), source, BACKUP)
    found = _decode_as(Manifest, document.get("manifest"), "manifest", source)
    assert isinstance(found, Manifest)
    return found


def parse_sums(line: bytes, source: str) -> BackupSums:
    """UsageFailure naming `source` for a line that sums_line() did not write."""
    found = _decode_as(BackupSums, _parse_object(line).get("sums"), "sums", source)
    assert isinstance(found, BackupSums)
    return found


def damaged_backup(source: str, why: str) -> UsageFailure:
    return UsageFailure(f"{source} is damaged: {why}", "nothing was changed; take another copy of it")


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


def _decode_as(kind: type, data: object, part: str, source: str) -> object:
    try:
        return decode(kind, data)
    except (KeyError, TypeError, ValueError):
        raise damaged_backup(source, f"its {part} cannot be read") from None
