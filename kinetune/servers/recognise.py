"""From what a server says of itself to a Server (facts/yugabytedb.md §1)."""

from __future__ import annotations

import re
from dataclasses import replace

from kinetune.model.failure import UsageFailure
from kinetune.model.server import Server
from kinetune.servers import postgresql, yugabytedb

_YUGABYTEDB = re.compile(r"-YB-(\d+(?:\.\d+){1,3})")
_POSTGRESQL = re.compile(r"^(?:EnterpriseDB )?PostgreSQL (\d+)(?:\.(\d+))?")
_UNSUPPORTED = re.compile(r"^CockroachDB\b")
_NAME = re.compile(r"^(postgresql|yugabytedb)-(\d+(?:\.\d+)*)$")


def recognise(version: str, version_number: int) -> Server:
    """
    The server that answered SELECT version() and SHOW server_version_num.

    A server of neither flavour is served as the PostgreSQL whose number it shows, with one note.
    """
    if found := _YUGABYTEDB.search(version):
        return yugabytedb.server(_release(found[1]))
    known = (version_number // 10000, version_number % 10000)
    if _POSTGRESQL.match(version):
        return postgresql.server(known)
    if found := _UNSUPPORTED.match(version):
        return replace(postgresql.server(known), unsupported=found[0])
    return postgresql.server(known, note=f"unknown server ({version[:40]!r}), served as PostgreSQL {known[0]}")


def named(name: str) -> Server:
    """The server of `--server postgresql-16` or `--server yugabytedb-2024.2`; UsageFailure for another form."""
    found = _NAME.match(name)
    if not found:
        raise UsageFailure(f"unknown server {name!r}", "write postgresql-16 or yugabytedb-2024.2")
    release = _release(found[2])
    return postgresql.server(release) if found[1] == "postgresql" else yugabytedb.server(release)


def _release(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))
