"""Stores on YugabyteDB as the tests of this folder need them."""

from __future__ import annotations

import contextlib
import json
import re

import psycopg

from kinetune.database.apply import ScriptRunner
from kinetune.database.observe import observe_store
from kinetune.database.session import open_session
from kinetune.kine.releases import era_of_kine, newest_era
from kinetune.model.change import AppliedStatement
from kinetune.model.facts import Facts
from kinetune.tuning.difference import plan_changes
from kinetune.tuning.profiles import build_target
from tests.database.stores import STOCK, ask, facts, place
from tests.kine.process import Kine, KineFailed
from tests.yugabytedb.conftest import Yb, patiently

REVISIONS = 5
BULK = """
INSERT INTO kine (name, created, deleted, create_revision, prev_revision, lease, value, old_value)
SELECT '/registry/' || (ARRAY['pods', 'pods', 'leases', 'secrets', 'events'])[1 + o % 5] || '/ns' || o % 50 || '/obj-'
       || lpad(o::text, 6, '0'), (r = 0)::int, 0, CASE WHEN r = 0 THEN 0 ELSE 1 END, r, 0, repeat('v', 500)::bytea, NULL
FROM generate_series(0, 4) AS r, generate_series({first}, {last}) AS o ORDER BY r, o
"""
A_TRANSACTION = 1_000
"""Objects, each with five revisions."""
CONTENT = "SELECT count(*), min(id), max(id), sum(hashtext(name || prev_revision::text)::bigint) FROM kine"
FORMER = (
    """CREATE TABLE kine (id BIGSERIAL, name text COLLATE "C", created integer, deleted integer, create_revision bigint,
    prev_revision bigint, lease integer, value bytea, old_value bytea, CONSTRAINT kine_pkey PRIMARY KEY (id ASC))""",
    "CREATE INDEX NONCONCURRENTLY kine_name_index ON kine (lease ASC) WHERE false",
    "CREATE INDEX NONCONCURRENTLY kine_name_id_index ON kine (lease ASC) WHERE false",
    "CREATE INDEX NONCONCURRENTLY kine_id_deleted_index ON kine (id ASC, deleted ASC)",
    "CREATE INDEX NONCONCURRENTLY kine_prev_revision_index ON kine (prev_revision ASC)",
    "CREATE UNIQUE INDEX NONCONCURRENTLY kine_name_prev_revision_uindex ON kine (name ASC, prev_revision ASC) "
    "INCLUDE (id)",
    "CREATE INDEX NONCONCURRENTLY kine_list_query_index ON kine (name ASC, id DESC, deleted ASC)",
)
"""What `init` of kinetune 0.1.0 made, and its one setting."""


def former(yb: Yb, dsn: str) -> None:
    database = psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]
    yb.execute(dsn, f"ALTER DATABASE {database} SET yb_bnl_batch_size = '1024'", *FORMER)


def stock(yb: Yb, dsn: str) -> None:
    """Kine's own DDL: everything by hash."""
    yb.execute(dsn, *(statement for statement in STOCK.split(";") if statement.strip()))


COMPACTION = (
    "UPDATE kine SET name = 'compact_rev_key', create_revision = 0, prev_revision = 0 "
    "WHERE id = (SELECT min(id) FROM kine)"
)


def fill(dsn: str, rows: int, have: int = 0) -> None:
    """Objects of five revisions each, until there are so many rows; the first of all is Kine's row of compaction."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for first in range(have // REVISIONS + 1, rows // REVISIONS + 1, A_TRANSACTION):
            last = min(first + A_TRANSACTION - 1, rows // REVISIONS)
            patiently(connection, BULK.format(first=first, last=last))
        if not have:
            patiently(connection, COMPACTION)


def reltuples(dsn: str) -> int:
    ((rows,),) = ask(dsn, "SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass('kine')")
    return int(rows)


def planted(dsn: str, table: str = "kine") -> int:
    """Rows below the first id that a Kine gets."""
    ((rows,),) = ask(dsn, f"SELECT count(*) FROM {table} WHERE id < 1")
    return int(rows)


def findings(yb: Yb, dsn: str, *arguments: str, kine: str = "v0.17.2") -> dict[str, dict[str, str]]:
    """What check finds, by code."""
    said = yb.run("check", "--format", "json", "--kine", kine, *arguments, dsn)
    assert said.status in (0, 1), said.err
    return {one["code"]: one for one in json.loads(said.out)["findings"]}


def early(found: dict[str, dict[str, str]]) -> set[str]:
    """Codes of 1xx to 4xx, above info; 2.21 itself is not maintained (KT406)."""
    return {code for code, one in found.items() if code < "KT5" and one["severity"] != "info"} - {"KT406"}


class Died(Exception):
    """The process that ran the script is gone."""


def script(dsn: str, profile: str = "tuned", kine: str | None = None) -> list[str]:
    """The statements of init for this store."""
    found: Facts = facts(dsn)
    era = era_of_kine(kine) if kine else newest_era()
    return [
        text for step in plan_changes(found, build_target(profile, found.server, era)).steps for text in step.statements
    ]


def dies_after(dsn: str, statements: int) -> None:
    """The script for `tuned`, left behind after so many statements."""
    left = iter(range(statements - 1, -1, -1))

    def watch(_: AppliedStatement) -> None:
        if next(left) == 0:
            raise Died

    with open_session(place(dsn), "test", write=True) as session, contextlib.suppress(Died):
        ScriptRunner(session, watch).run_script(
            plan_changes(observe_store(session), build_target("tuned", session.server, newest_era()))
        )


class RestartedKine(Kine):
    """Started again where its own DDL ended with 40001 or a moved catalog, as systemd and K3s do."""

    def start(self) -> None:
        for last in (False, False, True):
            try:
                super().start()
                return
            except KineFailed as failed:
                if last or not re.search("SQLSTATE 40001|atalog", str(failed)):
                    raise
                self.kill()
