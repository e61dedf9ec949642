"""A backup by pg_dump, for those who keep theirs that way: of one snapshot, and its rows counted again in the file."""

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

from kinetune.database.backup import snapshot
from kinetune.database.backup_file import written
from kinetune.database.observe import last_id, observe
from kinetune.database.session import Session
from kinetune.model.failure import CouldNotLook, Refused, UsageFailure
from kinetune.model.server import Flavour

FORMATS = {".dump": "custom", ".sql": "plain"}
"""By the file's ending."""
SECRET = frozenset({"sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"})
"""Keywords of libpq for which there is no environment variable: on a command line everybody could read them."""
OWN = "name the copy otherwise (FILE.kinetune): kinetune then writes it by itself"
_COPY = re.compile(rb'COPY (?:"(?:[^"]|"")*"|\w+)\.kine \((.*)\) FROM stdin;\n')
_SETVAL = re.compile(rb"SELECT pg_catalog\.setval\('.*', (\d+), (true|false)\);\n")


@dataclass
class Counted:
    """What a dump holds: rows, the newest revision, the sequence's last value."""

    rows: int = 0
    max_id: int | None = None
    last_id: int = 0


def refuse_undumpable(session: Session) -> None:
    """UsageFailure where there is no pg_dump that could do it, before anything is asked of the user."""
    if session.server.flavour is Flavour.YUGABYTEDB:
        raise UsageFailure("pg_dump cannot read YugabyteDB", OWN)
    program = shutil.which("pg_dump")
    if program is None or shutil.which("pg_restore") is None:
        raise UsageFailure("there is no pg_dump on the PATH", OWN)
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    major = re.search(r"\) (\d+)", told)
    if major is None or int(major[1]) < session.server.base:
        version = major[1] if major else "of an unknown version"
        raise UsageFailure(f"pg_dump is {version}, older than the server ({session.server.base})", OWN)
    if SECRET & session.endpoint.parameters.keys():
        raise UsageFailure(f"pg_dump cannot be given {min(SECRET & session.endpoint.parameters.keys())} safely", OWN)


def dump(session: Session, path: Path) -> Counted:
    """
    Table and sequence in the form of the file's ending. The session reads, and holds the snapshot that pg_dump reads.

    Raises UsageFailure where the file cannot be written, Refused where it does not hold what the snapshot does.
    """
    refuse_undumpable(session)
    with written(path) as stream, snapshot(session):
        wanted = _wanted(session)
        _run(session, _arguments(session, path), stream)
        stream.flush()
        with _text(path.suffix, stream) as lines:
            found = _count(lines)
        if found != wanted:
            raise Refused(f"nothing was dropped: {path} would not hold all rows", OWN)
    return found


def _wanted(session: Session) -> Counted:
    (row,) = session.rows("SELECT count(*) AS rows, MAX(id) AS max_id FROM kine")
    return Counted(row["rows"], row["max_id"], last_id(session) or 0)


def _arguments(session: Session, path: Path) -> list[str]:
    (held,) = session.rows("SELECT pg_export_snapshot() AS name")
    table = observe(session).table
    assert table is not None
    names = ["kine", *([table.sequence.name] if table.sequence and table.sequence.owned_by is None else [])]
    known = {word: value for word, value in session.endpoint.libpq().items() if word != "password"}
    where = make_conninfo(**known | {"application_name": "kinetune/drop"})
    wanted = [f"--table={_pattern(table.schema)}.{_pattern(name)}" for name in names]
    return [
        f"--format={FORMATS[path.suffix]}",
        f"--snapshot={held['name']}",
        "--no-password",
        *wanted,
        f"--dbname={where}",
    ]


def _pattern(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _run(session: Session, arguments: list[str], stream: IO[bytes]) -> None:
    """The password goes by the environment, which nobody else can read."""
    password = session.endpoint.password
    environment = os.environ | ({"PGPASSWORD": password} if password else {})
    nothing, pipe = subprocess.DEVNULL, subprocess.PIPE
    call = ["pg_dump", *arguments]
    done = subprocess.run(call, stdin=nothing, stdout=stream, stderr=pipe, env=environment, check=False)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").splitlines() or [f"exit {done.returncode}"]
        raise CouldNotLook(f"nothing was dropped: pg_dump failed: {lines[0].removeprefix('pg_dump: ')}", OWN)


@contextmanager
def _text(suffix: str, stream: IO[bytes]) -> Iterator[IO[bytes]]:
    """The dump as SQL, read from the file itself."""
    with open(f"/dev/fd/{stream.fileno()}", "rb") as file:
        if suffix == ".sql":
            yield file
            return
        with subprocess.Popen(
            ["pg_restore", "--file=-"], stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as reader:
            assert reader.stdout is not None
            yield reader.stdout


def _count(lines: IO[bytes]) -> Counted:
    """Rows stand between COPY and a line \\., id somewhere in each; the sequence behind."""
    found = Counted()
    place = -1
    for line in lines:
        if place >= 0:
            if line == b"\\.\n":
                place = -1
                continue
            found.rows += 1
            found.max_id = max(found.max_id or 0, int(line.split(b"\t", place + 1)[place]))
        elif copy := _COPY.fullmatch(line):
            place = copy[1].split(b", ").index(b"id")
        elif (value := _SETVAL.fullmatch(line)) and value[2] == b"true":
            found.last_id = int(value[1])
    return found
