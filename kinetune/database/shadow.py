"""
A copy of the table kine to write on: in a schema of its own, with its own sequence, inside a transaction that is
always rolled back. Whatever interrupts it, the server itself takes the shadow away, and no id of Kine's is used.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from psycopg import sql

from kinetune.database.errors import translated
from kinetune.database.session import Session
from kinetune.model.failure import CouldNotLook

SCHEMA = "kinetune_shadow"


@contextlib.contextmanager
def shadow(session: Session, rows: int) -> Iterator[None]:
    """
    Within, `kine` means the shadow with the newest `rows` revisions; the session must be a writing one.

    Needs CREATE on the database. Raises CouldNotLook where DDL cannot be rolled back (YugabyteDB before 2026.1).
    """
    if not session.server.can("transactional_ddl"):
        raise CouldNotLook(f"writes cannot be explained on {session.server}: its DDL does not roll back")
    with translated(session.connection.info.user), session.connection.transaction(force_rollback=True):
        _make(session, rows)
        yield


def _make(session: Session, rows: int) -> None:
    (table,) = session.ask("shadow_source")
    source = sql.SQL(table["address"])
    place = sql.Identifier(SCHEMA)
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
