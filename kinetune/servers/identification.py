"""Identifies the server from its version text (docs/facts/yugabytedb.md §1)."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from kinetune.model.failure import UsageFailure
from kinetune.model.server import Server
from kinetune.servers import postgresql, yugabytedb

_YUGABYTEDB = re.compile(r"-YB-(\d+(?:\.\d+){1,3})")
_POSTGRESQL = re.compile(r"^(?:EnterpriseDB )?PostgreSQL (\d+)(?:\.(\d+))?")
_UNSUPPORTED = re.compile(r"^CockroachDB\b")
_NAME = re.compile(r"^(postgresql|yugabytedb)-(\d+(?:\.\d+)*)$")


def identify_server(version: str, version_number: int) -> Server:
    """
    The server that returned these values for SELECT version() and SHOW server_version_num.

    Any other server counts as the PostgreSQL with that number, with a note.
    """
    if found := _YUGABYTEDB.search(version):
        return yugabytedb.build_server(_parse_release(found[1]))
    known = (version_number // 10000, version_number % 10000)
    if _POSTGRESQL.match(version):
        return postgresql.build_server(known)
    if found := _UNSUPPORTED.match(version):
        return replace(postgresql.build_server(known), unsupported=found[0])
    return postgresql.build_server(known, note=f"unknown server ({version[:40]!r}), treated as PostgreSQL {known[0]}")


def parse_server_name(name: str) -> Server:
    """The server for `--server postgresql-16` or `--server yugabytedb-2024.2`; UsageFailure for another form."""
    found = _NAME.match(name)
    if not found:
        raise UsageFailure(f"unknown server {name!r}", "use a name such as postgresql-16 or yugabytedb-2024.2")
    release = _parse_release(found[2])
    return postgresql.build_server(release) if found[1] == "postgresql" else yugabytedb.build_server(release)


def _parse_release(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def select_variant(folder: Path, name: str, server: Server) -> str:
    """The file name to use: `name.yugabytedb.sql` if it exists for the server, else the common `name.sql`."""
    special = f"{name}.{server.flavour}.sql"
    return special if (folder / special).is_file() else f"{name}.sql"
