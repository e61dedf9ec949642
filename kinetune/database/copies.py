"""
Copies of Kine's table to try profiles on. The live table is read, never more: ACCESS SHARE, and no id is drawn.

On PostgreSQL one copy in one transaction that is rolled back, and for each profile a savepoint: whatever ends the
session, the server takes all of it away. COPY … FREEZE fills it, because a transaction that never commits cannot be
vacuumed, and without a visibility map every index-only scan would visit the table (FREEZE sets it from 14 on).
On YugabyteDB, whose DDL does not roll back before 2026.1 and has no FREEZE, a schema for each profile, dropped
afterwards or by the next run.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from kinetune.database.errors import Reaction, reaction_to, translated
from kinetune.database.session import Session, visit
from kinetune.model.failure import Refused
from kinetune.model.server import Flavour

SCHEMA = "kinetune_compare"
MARK = "kinetune: a copy to compare profiles on, may be dropped"
"""The comment that says so; sql/facts/compare_left.sql looks for it."""
PARTS = 2**20
COLLISIONS_SECONDS = 60.0
COLLISION_PAUSE = 0.5


@dataclass(frozen=True)
class Candidate:
    """A profile as statements: the primary key as a constraint of CREATE TABLE, the indexes, settings for a session."""

    profile: str
    primary_key: str
    indexes: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Copy:
    """A copy that `kine` means now: its rows, of how many, and its indexes' bytes (None: the server says none)."""

    candidate: Candidate
    rows: int
    of: int
    index_bytes: int | None


def copies(session: Session, candidates: tuple[Candidate, ...], rows: int) -> Generator[Copy, None, None]:
    """
    One copy after the other, each with a candidate's indexes, settings and fresh statistics.

    About `rows` rows: whole objects with all their revisions, chosen by a hash of the key. The session must be a
    writing one; close the iterator (contextlib.closing) to have the last copy dropped. Needs CREATE on the database.
    """
    with translated(session.connection.info.user):
        drop_leftovers(session)
        chosen, total = _chosen(session, rows)
        if session.server.flavour is Flavour.POSTGRESQL and session.server.can("transactional_ddl"):
            yield from _rolled_back(session, candidates, chosen, total)
        else:
            for candidate in candidates:
                yield from _dropped(session, candidate, chosen, total)


def drop_leftovers(session: Session) -> None:
    """What a killed run left. Refused while another comparison is at work on this node, whose copies these may be."""
    left = session.ask("compare_left")
    others = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'kinetune/compare' AND pid <> pg_backend_pid()"
    if left and session.rows(f"{others} AND datname = current_database()"):
        raise Refused("another comparison is at work on this database", "run again when it has ended")
    for row in left:
        _drop(session, row["name"])


def _drop(session: Session, schema: str) -> None:
    """The table first: YugabyteDB drops one thing at a time."""
    place = sql.Identifier(schema)
    _persist(session, sql.SQL("DROP TABLE IF EXISTS {}.kine").format(place))
    _persist(session, sql.SQL("DROP SCHEMA {}").format(place))


def _persist(session: Session, statement: sql.Composed) -> None:
    """DDL that stays. On YugabyteDB any two of them, in any database, may collide with 40001 (FINDINGS.md, DDL)."""
    deadline = time.monotonic() + COLLISIONS_SECONDS
    while True:
        try:
            session.connection.execute(statement)
            return
        except psycopg.Error as error:
            if reaction_to(error) is not Reaction.RETRY or time.monotonic() > deadline:
                raise
        time.sleep(COLLISION_PAUSE)


def _chosen(session: Session, rows: int) -> tuple[sql.Composed, int]:
    """The SELECT of the copy's rows, and the number of all. Which revision was compacted is always among them."""
    (table,) = session.ask("shadow_source")
    source = sql.SQL(table["address"])
    (found,) = session.rows("SELECT count(*) AS n FROM kine")
    total = int(found["n"])
    share: sql.Composable = sql.SQL("")
    if total > rows:
        part = sql.SQL("WHERE (hashtext(name) & {}) < {} OR name = 'compact_rev_key' ")
        share = part.format(sql.Literal(PARTS - 1), sql.Literal(max(PARTS * rows // total, 1)))
    return sql.SQL("SELECT * FROM {} {}ORDER BY id").format(source, share), total


def _rolled_back(
    session: Session, candidates: tuple[Candidate, ...], chosen: sql.Composed, total: int
) -> Generator[Copy, None, None]:
    with session.connection.transaction(force_rollback=True):
        rows = _filled(session, chosen)
        for candidate in candidates:
            with session.connection.transaction(force_rollback=True):
                _dress(session, candidate)
                _set(session, candidate.settings, "SET LOCAL")
                yield Copy(candidate, rows, total, _index_bytes(session))


def _filled(session: Session, chosen: sql.Composed) -> int:
    """The table without indexes, filled through a second session: one cannot read and write a COPY at once."""
    place = sql.Identifier(SCHEMA)
    (table,) = session.ask("shadow_source")
    session.run(sql.SQL("CREATE SCHEMA {}").format(place))
    like = "CREATE TABLE {}.kine (LIKE {} INCLUDING STORAGE)"
    session.run(sql.SQL(like).format(place, sql.SQL(table["address"])))
    out = sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(chosen)
    into = sql.SQL("COPY {}.kine FROM STDIN (FORMAT binary, FREEZE)").format(place)
    with (
        visit(session.endpoint, "compare", statement_timeout="10min") as reader,
        reader.connection.cursor() as source,
        session.connection.cursor() as copy,
    ):
        with source.copy(out) as rows, copy.copy(into) as target:
            for block in rows:
                target.write(block)
        copied = copy.rowcount
    session.run(sql.SQL("SET LOCAL search_path = {}").format(place))
    return copied


def _dress(session: Session, candidate: Candidate) -> None:
    session.run(sql.SQL("ALTER TABLE kine ADD {}").format(sql.SQL(candidate.primary_key)))
    for statement in (*candidate.indexes, "ANALYZE kine"):
        session.run(sql.SQL(statement).format())


def _dropped(session: Session, candidate: Candidate, chosen: sql.Composed, total: int) -> Generator[Copy, None, None]:
    """Indexes before rows: on an empty table each takes 0.2 s instead of 4 (FINDINGS.md, DDL)."""
    schema = f"{SCHEMA}_{candidate.profile}"
    place = sql.Identifier(schema)
    (table,) = session.ask("shadow_source")
    _persist(session, sql.SQL("CREATE SCHEMA {}").format(place))  # fails where it is somebody's own, which must stay
    try:
        _persist(session, sql.SQL("COMMENT ON SCHEMA {} IS {}").format(place, sql.Literal(MARK)))
        like = sql.SQL("CREATE TABLE {}.kine (LIKE {}, {})")
        _persist(session, like.format(place, sql.SQL(table["address"]), sql.SQL(candidate.primary_key)))
        session.run(sql.SQL("SET search_path = {}").format(place))
        for statement in candidate.indexes:
            _persist(session, sql.SQL(statement).format())
        rows = session.connection.execute(sql.SQL("INSERT INTO {}.kine {}").format(place, chosen)).rowcount
        session.run(sql.SQL("ANALYZE kine").format())
        _set(session, candidate.settings, "SET")
        yield Copy(candidate, rows, total, _index_bytes(session))
    finally:
        with contextlib.suppress(psycopg.Error):
            _undress(session, candidate)
        if not session.connection.closed:
            _drop(session, schema)


def _undress(session: Session, candidate: Candidate) -> None:
    for name in ("search_path", *candidate.settings):
        session.connection.execute(sql.SQL("RESET {}").format(sql.Identifier(name)))


def _set(session: Session, settings: Mapping[str, str], how: str) -> None:
    """A setting that this release does not have is left out, as `init` would fail on it and not the comparison."""
    known = {row["name"] for row in session.rows("SELECT name FROM pg_settings")}
    for name, value in settings.items():
        if name in known:
            session.run(sql.SQL(f"{how} {{}} = {{}}").format(sql.Identifier(name), sql.Literal(value)))


def _index_bytes(session: Session) -> int | None:
    """0 on YugabyteDB, which counts no index (FINDINGS.md): that is None."""
    (row,) = session.rows("SELECT pg_indexes_size('kine') AS bytes")
    return row["bytes"] or None
