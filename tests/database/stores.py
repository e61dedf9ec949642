"""Stores on a real server: Kine's own DDL of two times, rows as a cluster writes them, and the way to a profile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg

from kinetune.database.apply import ScriptRunner
from kinetune.database.lock import exclusive_lock
from kinetune.database.observe import observe_store
from kinetune.database.session import open_session
from kinetune.kine.releases import find_era
from kinetune.model.endpoint import Endpoint, parse
from kinetune.model.facts import Facts, Relation
from kinetune.model.script import Script
from kinetune.tuning.difference import plan_changes
from kinetune.tuning.profiles import build_target

# pkg/drivers/pgsql/pgsql.go of v0.17.5 and, up to its types and last index, of every release since v0.5.1.
INDEXES = """
CREATE INDEX IF NOT EXISTS kine_name_index ON kine (name);
CREATE INDEX IF NOT EXISTS kine_name_id_index ON kine (name,id);
CREATE INDEX IF NOT EXISTS kine_id_deleted_index ON kine (id,deleted);
CREATE INDEX IF NOT EXISTS kine_prev_revision_index ON kine (prev_revision);
CREATE UNIQUE INDEX IF NOT EXISTS kine_name_prev_revision_uindex ON kine (name, prev_revision);
"""
STOCK = f"""
CREATE TABLE IF NOT EXISTS kine (id BIGSERIAL PRIMARY KEY, name text COLLATE "C", created INTEGER, deleted INTEGER,
    create_revision BIGINT, prev_revision BIGINT, lease INTEGER, value bytea, old_value bytea);
{INDEXES}
CREATE INDEX IF NOT EXISTS kine_list_query_index on kine(name, id DESC, deleted);
"""
OLD = f"""
CREATE TABLE IF NOT EXISTS kine (id SERIAL PRIMARY KEY, name VARCHAR(630), created INTEGER, deleted INTEGER,
    create_revision INTEGER, prev_revision INTEGER, lease INTEGER, value bytea, old_value bytea);
{INDEXES}
"""
RENAMED = f"{STOCK} ALTER SEQUENCE kine_id_seq RENAME TO kine_seq; ALTER SEQUENCE kine_seq CACHE 100 OWNED BY NONE;"
"""As the seed fork left it (docs/facts/kine.md §0.5)."""

# In the order of revisions: each object created, then changed four times, every fiftieth deleted at last. Of ten
# objects four are pods. On top of that, a lease that is renewed a hundred times.
FILL = """
INSERT INTO kine (name, created, deleted, create_revision, prev_revision, lease, value, old_value)
SELECT format('/registry/%%s/ns-%%s/o-%%s',
              (ARRAY['pods', 'pods', 'pods', 'pods', 'events', 'events', 'leases', 'configmaps', 'secrets', 'minions'])
                  [o %% 10 + 1],
              o %% 7, lpad(o::text, 6, '0')),
       (r = 1)::int, (r = 5 AND o %% 50 = 0)::int, CASE WHEN r = 1 THEN 0 ELSE o END,
       CASE WHEN r = 1 THEN 0 ELSE (r - 2) * %(n)s + o END, 0, decode(repeat(md5(o::text), 8), 'hex'), NULL
FROM generate_series(1, 5) AS r, generate_series(1, %(n)s) AS o ORDER BY r, o
"""
RENEW = """
INSERT INTO kine (name, created, deleted, create_revision, prev_revision, lease, value)
SELECT '/registry/leases/kube-node-lease/node-1', 0, 0, 1, n, 0, 'renewed' FROM generate_series(1, 100) AS n
"""
COMPACTED = """
INSERT INTO kine (name, created, deleted, create_revision, prev_revision, lease, value)
VALUES ('compact_rev_key', 0, 0, 0, %s, 0, '')
"""
BUSY_KEY = "/registry/leases/kube-node-lease/node-1"


def make(dsn: str, ddl: str = STOCK, objects: int = 0) -> None:
    """The table, and five revisions of each object (and 101 rows more) where there are objects."""
    with connection(dsn) as session:
        session.execute(ddl.encode())
        if objects:
            session.execute(FILL.encode(), {"n": objects})
            session.execute(RENEW.encode())
            session.execute(COMPACTED.encode(), (objects,))


def place(dsn: str) -> Endpoint:
    found = parse(dsn)
    assert isinstance(found, Endpoint)
    return found


def connection(dsn: str) -> psycopg.Connection[tuple[Any, ...]]:
    """In autocommit, to where Kine would go with that text."""
    return psycopg.connect(**place(dsn).libpq(), autocommit=True)


def facts(dsn: str) -> Facts:
    with open_session(place(dsn), "test") as session:
        return observe_store(session)


def script(dsn: str, profile: str, era: str = "E20") -> Script:
    """What is to be done to reach a profile."""
    seen = facts(dsn)
    return plan_changes(seen, build_target(profile, seen.server, find_era(era)))


def reach(dsn: str, profile: str, era: str = "E20") -> Script:
    """Do it, with all hazards allowed; what was done."""
    with open_session(place(dsn), "test", write=True) as session, exclusive_lock(session):
        todo = plan_changes(observe_store(session), build_target(profile, session.server, find_era(era)))
        ScriptRunner(session).run_script(todo)
    return todo


def schema(dsn: str) -> Relation:
    """What kinetune sees of the table, without what differs from one store to the next: sizes and counts."""
    table = facts(dsn).table
    assert table is not None
    key = table.primary_key and replace(table.primary_key, bytes=None)
    indexes = tuple(replace(seen, bytes=None) for seen in table.indexes)
    return replace(table, bytes=None, rows=None, primary_key=key, indexes=indexes, settings_since=None)


def content(dsn: str) -> tuple[Any, ...]:
    """Number of rows, and a hash over all ids, keys and values."""
    row = "concat_ws('|', id, name, prev_revision, md5(value))"
    question = f"SELECT count(*), md5(string_agg({row}, ',' ORDER BY id)) FROM kine"
    (found,) = ask(dsn, question)
    return found


def ask(dsn: str, question: str, *arguments: object) -> list[tuple[Any, ...]]:
    """Rows of a statement, committed."""
    with connection(dsn) as session:
        cursor = session.execute(question.encode(), arguments or None)
        return cursor.fetchall() if cursor.description else []
