"""
Copies of Kine's table: the shadow that `explain` writes to, and copies on which it compares profiles.

The live table is only read (ACCESS SHARE), and no id of its sequence is used. On PostgreSQL a copy exists in a
transaction that is always rolled back: however the session ends, the server removes it. A copy for a profile is filled
by COPY … FREEZE, because a transaction that never commits cannot run VACUUM, and without a visibility map every
index-only scan would visit the table (FREEZE sets it since PostgreSQL 14).

DDL of YugabyteDB does not roll back before 2026.1, and it has no FREEZE. There each profile has its own schema, which
is dropped afterwards, or by the next run if this one is killed.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from kinetune.database.session import Reaction, Session, classify_exception, open_session, translate_errors
from kinetune.model.failure import CouldNotLook, Refused
from kinetune.model.server import Flavour

COPY_SCHEMA = "kinetune_compare"
COPY_COMMENT = "kinetune: a copy to compare profiles on, may be dropped"
"""Comment on the schema of a copy. sql/facts/leftover_copies.sql finds copies of killed runs by it."""
HASH_BUCKETS = 2**20
COLLISIONS_SECONDS = 60.0
COLLISION_PAUSE = 0.5


@dataclass(frozen=True)
class ProfileCandidate:
    """A profile as SQL: the primary key as a constraint of CREATE TABLE, the indexes, and settings for the session."""

    profile: str
    primary_key: str
    indexes: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ProfileCopy:
    """
    The copy that the name `kine` means now. `rows` of the table's `total` rows are in it; `index_bytes` is None where
    the server does not report the size of indexes.
    """

    candidate: ProfileCandidate
    rows: int
    total: int
    index_bytes: int | None


def iterate_copies(
    session: Session, candidates: tuple[ProfileCandidate, ...], rows: int
) -> Generator[ProfileCopy, None, None]:
    """
    One copy after the other, each with a candidate's indexes, settings and new statistics.

    A copy has about `rows` rows: whole objects with all their revisions, selected by a hash of the key. Needs a writing
    session and CREATE on the database. Close the iterator (contextlib.closing) to drop the last copy.
    """
    with translate_errors(session.connection.info.user):
        drop_leftovers(session)
        chosen, total = _choose_rows(session, rows)
        if session.server.flavour is Flavour.POSTGRESQL and session.server.can("transactional_ddl"):
            yield from _copies_in_transaction(session, candidates, chosen, total)
        else:
            for candidate in candidates:
                yield from _copy_in_schema(session, candidate, chosen, total)


def drop_leftovers(session: Session) -> None:
    """Drop copies of killed runs. Refused while another comparison runs on this node: the copies may belong to it."""
    left = session.query_file("leftover_copies")
    # Only this node's sessions are visible on YugabyteDB; two comparisons on different nodes fail at CREATE SCHEMA.
    others = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'kinetune/compare' AND pid <> pg_backend_pid()"
    if left and session.query(f"{others} AND datname = current_database()"):
        raise Refused("another comparison is running on this database", "run again when it has ended")
    for row in left:
        _drop_schema(session, row["name"])


def _drop_schema(session: Session, schema: str) -> None:
    """The table first: YugabyteDB drops only one object per statement."""
    place = sql.Identifier(schema)
    _execute_ddl(session, sql.SQL("DROP TABLE IF EXISTS {}.kine").format(place))
    _execute_ddl(session, sql.SQL("DROP SCHEMA {}").format(place))


def _execute_ddl(session: Session, statement: sql.Composed) -> None:
    """
    Execute DDL that is committed, with retries. On YugabyteDB two DDL statements, even in different databases, may fail
    with 40001 (docs/facts/recorded.md §3).
    """
    deadline = time.monotonic() + COLLISIONS_SECONDS
    while True:
        try:
            session.connection.execute(statement)
            return
        except psycopg.Error as error:
            if classify_exception(error) is not Reaction.RETRY or time.monotonic() > deadline:
                raise
        time.sleep(COLLISION_PAUSE)


def _choose_rows(session: Session, rows: int) -> tuple[sql.Composed, int]:
    """The SELECT of the copy's rows, and the number of all rows. The row compact_rev_key is always included."""
    (table,) = session.query_file("shadow_source")
    source = sql.SQL(table["address"])
    (found,) = session.query("SELECT count(*) AS n FROM kine")
    total = int(found["n"])
    share: sql.Composable = sql.SQL("")
    if total > rows:
        part = sql.SQL("WHERE (hashtext(name) & {}) < {} OR name = 'compact_rev_key' ")
        # Selected by name, not by id: objects with some of their revisions missing would change the plans of lists.
        share = part.format(sql.Literal(HASH_BUCKETS - 1), sql.Literal(max(HASH_BUCKETS * rows // total, 1)))
    return sql.SQL("SELECT * FROM {} {}ORDER BY id").format(source, share), total


def _copies_in_transaction(
    session: Session, candidates: tuple[ProfileCandidate, ...], chosen: sql.Composed, total: int
) -> Generator[ProfileCopy, None, None]:
    with session.connection.transaction(force_rollback=True):
        # The rows are copied once. Each candidate has a savepoint, so its indexes go away and the rows stay.
        rows = _fill_copy(session, chosen)
        for candidate in candidates:
            with session.connection.transaction(force_rollback=True):
                _create_indexes(session, candidate)
                _apply_settings(session, candidate.settings, "SET LOCAL")
                yield ProfileCopy(candidate, rows, total, _index_bytes(session))


def _fill_copy(session: Session, chosen: sql.Composed) -> int:
    """The number of rows copied into a new table without indexes. One session cannot read and write COPY at once."""
    place = sql.Identifier(COPY_SCHEMA)
    (table,) = session.query_file("shadow_source")
    session.execute_statement(sql.SQL("CREATE SCHEMA {}").format(place))
    # Without INCLUDING INDEXES, because each candidate has its own. STORAGE decides whether values are moved out of the
    # row (TOAST), and so command many rows fit into a block.
    like = "CREATE TABLE {}.kine (LIKE {} INCLUDING STORAGE)"
    session.execute_statement(sql.SQL(like).format(place, sql.SQL(table["address"])))
    out = sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(chosen)
    into = sql.SQL("COPY {}.kine FROM STDIN (FORMAT binary, FREEZE)").format(place)
    with (
        # One COPY reads all chosen rows, which may take longer than the usual 60 s.
        open_session(session.endpoint, "compare", statement_timeout="10min") as reader,
        reader.connection.cursor() as source,
        session.connection.cursor() as copy,
    ):
        with source.copy(out) as rows, copy.copy(into) as target:
            for block in rows:
                target.write(block)
        copied = copy.rowcount
    session.execute_statement(sql.SQL("SET LOCAL search_path = {}").format(place))
    return copied


def _create_indexes(session: Session, candidate: ProfileCandidate) -> None:
    session.execute_statement(sql.SQL("ALTER TABLE kine ADD {}").format(sql.SQL(candidate.primary_key)))
    for statement in (*candidate.indexes, "ANALYZE kine"):
        session.execute_statement(sql.SQL(statement).format())


def _copy_in_schema(
    session: Session, candidate: ProfileCandidate, chosen: sql.Composed, total: int
) -> Generator[ProfileCopy, None, None]:
    """Indexes are created before the rows: on an empty table each takes 0.2 s instead of 4 s (recorded.md §3)."""
    schema = f"{COPY_SCHEMA}_{candidate.profile}"
    place = sql.Identifier(schema)
    (table,) = session.query_file("shadow_source")
    _execute_ddl(
        session, sql.SQL("CREATE SCHEMA {}").format(place)
    )  # without IF NOT EXISTS: the `finally` below must not drop a schema that a user created
    try:
        _execute_ddl(session, sql.SQL("COMMENT ON SCHEMA {} IS {}").format(place, sql.Literal(COPY_COMMENT)))
        like = sql.SQL("CREATE TABLE {}.kine (LIKE {}, {})")
        _execute_ddl(session, like.format(place, sql.SQL(table["address"]), sql.SQL(candidate.primary_key)))
        session.execute_statement(sql.SQL("SET search_path = {}").format(place))
        for statement in candidate.indexes:
            _execute_ddl(session, sql.SQL(statement).format())
        rows = session.connection.execute(sql.SQL("INSERT INTO {}.kine {}").format(place, chosen)).rowcount
        session.execute_statement(sql.SQL("ANALYZE kine").format())
        _apply_settings(session, candidate.settings, "SET")
        yield ProfileCopy(candidate, rows, total, _index_bytes(session))
    finally:
        with contextlib.suppress(psycopg.Error):
            _reset_session(session, candidate)
        # If the connection was lost, the next run drops the schema.
        if not session.connection.closed:
            _drop_schema(session, schema)


def _reset_session(session: Session, candidate: ProfileCandidate) -> None:
    for name in ("search_path", *candidate.settings):
        session.connection.execute(sql.SQL("RESET {}").format(sql.Identifier(name)))


def _apply_settings(session: Session, settings: Mapping[str, str], command: str) -> None:
    """Set those that this release has. For an unknown one `init` would fail, which is not what is compared here."""
    known = {row["name"] for row in session.query("SELECT name FROM pg_settings")}
    for name, value in settings.items():
        if name in known:
            session.execute_statement(
                sql.SQL(f"{command} {{}} = {{}}").format(sql.Identifier(name), sql.Literal(value))
            )


def _index_bytes(session: Session) -> int | None:
    """None on YugabyteDB, where pg_indexes_size() is always 0 (docs/facts/recorded.md §2)."""
    (row,) = session.query("SELECT pg_indexes_size('kine') AS bytes")
    return row["bytes"] or None


SHADOW_SCHEMA = "kinetune_shadow"


@contextlib.contextmanager
def shadow_copy(session: Session, rows: int) -> Iterator[None]:
    """
    Inside, the name `kine` means a copy of the newest `rows` revisions with its own sequence. It is rolled back.

    Needs a writing session and CREATE on the database. Raises CouldNotLook if DDL is not transactional (YugabyteDB
    before 2026.1).
    """
    if not session.server.can("transactional_ddl"):
        raise CouldNotLook(f"cannot explain writes on {session.server}: its DDL is not transactional")
    with translate_errors(session.connection.info.user), session.connection.transaction(force_rollback=True):
        _create_shadow(session, rows)
        yield


def _create_shadow(session: Session, rows: int) -> None:
    (table,) = session.query_file("shadow_source")
    source = sql.SQL(table["address"])
    place = sql.Identifier(SHADOW_SCHEMA)
    statements: list[sql.SQL | sql.Composed] = [
        sql.SQL("CREATE SCHEMA {}").format(place),
        sql.SQL("CREATE TABLE {}.kine (LIKE {} INCLUDING STORAGE)").format(place, source),
        sql.SQL("CREATE SEQUENCE {0}.kine_id_seq AS bigint OWNED BY {0}.kine.id").format(place),
        sql.SQL("ALTER TABLE {0}.kine ALTER id SET DEFAULT nextval('{0}.kine_id_seq')").format(place),
        sql.SQL("INSERT INTO {}.kine SELECT * FROM {} ORDER BY id DESC LIMIT {}").format(
            place, source, sql.Literal(rows)
        ),
        sql.SQL("SELECT setval('{0}.kine_id_seq', (SELECT coalesce(max(id), 1) FROM {0}.kine))").format(place),
        *(sql.SQL(definition) for definition in table["definitions"]),
        sql.SQL("SET LOCAL search_path = {}").format(place),
        sql.SQL("ANALYZE kine").format(),
    ]
    for statement in statements:
        session.connection.execute(statement)
