"""A backup by pg_dump, for users who keep their backups in that format. The rows in the file are counted afterwards."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from psycopg.conninfo import make_conninfo

from kinetune.database.observe import observe_store, read_last_id
from kinetune.database.private_file import create_file
from kinetune.database.session import Session
from kinetune.model.failure import CouldNotLook, Refused, UsageFailure
from kinetune.model.server import Flavour

FORMATS = {".dump": "custom", ".sql": "plain"}
"""Formats of pg_dump by the extension of the file."""
SECRET_KEYWORDS = frozenset({"sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"})
"""Keywords of libpq without an environment variable. On a command line all users of the machine could read them."""
USE_OWN_FORMAT = "use another extension (FILE.kinetune): kinetune then writes the backup without pg_dump"
_COPY = re.compile(rb'COPY (?:"(?:[^"]|"")*"|\w+)\.kine \((.*)\) FROM stdin;\n')
_SETVAL = re.compile(rb"SELECT pg_catalog\.setval\('.*', (\d+), (true|false)\);\n")


@dataclass
class DumpContents:
    """The contents of a dump: number of rows, newest revision, last value of the sequence."""

    rows: int = 0
    max_id: int | None = None
    last_id: int = 0


def require_pg_dump(session: Session) -> None:
    """UsageFailure unless a suitable pg_dump is installed. Checked before the user is asked to confirm."""
    if session.server.flavour is Flavour.YUGABYTEDB:
        raise UsageFailure("pg_dump cannot read YugabyteDB", USE_OWN_FORMAT)
    program = shutil.which("pg_dump")
    if program is None or shutil.which("pg_restore") is None:
        raise UsageFailure("pg_dump and pg_restore are not in PATH", USE_OWN_FORMAT)
    version_text = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    major = re.search(r"\) (\d+)", version_text)
    # pg_dump refuses a server that is newer than itself.
    if major is None or int(major[1]) < session.server.base:
        version = major[1] if major else "of an unknown version"
        raise UsageFailure(f"pg_dump is {version}, older than the server ({session.server.base})", USE_OWN_FORMAT)
    if SECRET_KEYWORDS & session.endpoint.parameters.keys():
        raise UsageFailure(
            f"pg_dump cannot be given {min(SECRET_KEYWORDS & session.endpoint.parameters.keys())} safely",
            USE_OWN_FORMAT,
        )


def take_dump(session: Session, path: Path) -> DumpContents:
    """
    Dump table and sequence in the format of the file's extension. The session exports the snapshot that pg_dump reads.

    Raises UsageFailure if the file cannot be written, Refused if its contents differ from the snapshot.
    """
    require_pg_dump(session)
    with create_file(path) as stream, _consistent_snapshot(session):
        wanted = _expected_contents(session)
        _run_pg_dump(session, _pg_dump_arguments(session, path), stream)
        stream.flush()
        # The dump is parsed as `pg_restore` would execute it: a dump that cannot be restored must not count as a
        # backup.
        with _read_as_sql(path.suffix, stream) as lines:
            found = _count_contents(lines)
        if found != wanted:
            raise Refused(f"nothing was dropped: {path} would not contain all rows", USE_OWN_FORMAT)
    return found


@contextmanager
def _consistent_snapshot(session: Session) -> Iterator[None]:
    """Everything that is read inside is of one moment, except values of sequences."""
    # psycopg's transaction() sends a plain BEGIN, which uses this default.
    session.set_parameter("default_transaction_isolation", "repeatable read")
    with session.connection.transaction():
        yield


def _expected_contents(session: Session) -> DumpContents:
    (row,) = session.query("SELECT count(*) AS rows, MAX(id) AS max_id FROM kine")
    return DumpContents(row["rows"], row["max_id"], read_last_id(session) or 0)


def _pg_dump_arguments(session: Session, path: Path) -> list[str]:
    (held,) = session.query("SELECT pg_export_snapshot() AS name")
    table = observe_store(session).table
    assert table is not None
    # `--table` includes a sequence only if the table owns it, which is not so for every store.
    names = ["kine", *([table.sequence.name] if table.sequence and table.sequence.owned_by is None else [])]
    # The password is not among them: other users of the machine can read a command line.
    known = {word: value for word, value in session.endpoint.libpq().items() if word != "password"}
    name = session.connection.info.parameter_status("application_name") or ""
    where = make_conninfo(**known | {"application_name": name})
    wanted = [f"--table={_name_pattern(table.schema)}.{_name_pattern(name)}" for name in names]
    return [
        f"--format={FORMATS[path.suffix]}",
        # pg_dump reads the snapshot of this session, so its rows can be compared with a count here.
        f"--snapshot={held['name']}",
        # Without a terminal pg_dump must fail, not wait for a password.
        "--no-password",
        *wanted,
        f"--dbname={where}",
    ]


def _name_pattern(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _run_pg_dump(session: Session, arguments: list[str], stream: IO[bytes]) -> None:
    """Run pg_dump. The password is passed in the environment, which other users cannot read."""
    password = session.endpoint.password
    environment = os.environ | ({"PGPASSWORD": password} if password else {})
    nothing, pipe = subprocess.DEVNULL, subprocess.PIPE
    call = ["pg_dump", *arguments]
    done = subprocess.run(call, stdin=nothing, stdout=stream, stderr=pipe, env=environment, check=False)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").splitlines() or [f"exit {done.returncode}"]
        raise CouldNotLook(f"nothing was dropped: pg_dump failed: {lines[0].removeprefix('pg_dump: ')}", USE_OWN_FORMAT)


@contextmanager
def _read_as_sql(suffix: str, stream: IO[bytes]) -> Iterator[IO[bytes]]:
    """The dump as SQL, read through the open descriptor: the file has no final name yet."""
    with open(f"/dev/fd/{stream.fileno()}", "rb") as file:
        if suffix == ".sql":
            yield file
            return
        with subprocess.Popen(
            ["pg_restore", "--file=-"], stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as reader:
            assert reader.stdout is not None
            yield reader.stdout


def _count_contents(lines: IO[bytes]) -> DumpContents:
    """Count the rows between COPY and the line `\\.`, find the largest id, and read setval of the sequence."""
    found = DumpContents()
    place = -1
    for line in lines:
        if place >= 0:
            if line == b"\\.\n":
                place = -1
                continue
            found.rows += 1
            found.max_id = max(found.max_id or 0, int(line.split(b"\t", place + 1)[place]))
        # The position of id among the columns of COPY depends on the table.
        elif copy := _COPY.fullmatch(line):
            place = copy[1].split(b", ").index(b"id")
        elif (value := _SETVAL.fullmatch(line)) and value[2] == b"true":
            found.last_id = int(value[1])
    return found
