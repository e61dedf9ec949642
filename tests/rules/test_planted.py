"""Faults planted one by one in a real store: each is caught by its rule and no other, and its statement mends it."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from kinetune.database.inspect import inspect_store
from kinetune.database.observe import observe_store
from kinetune.database.session import open_session
from kinetune.model.finding import Finding
from kinetune.rules.context import CheckContext
from kinetune.rules.runner import RuleSelection, run_rules
from kinetune.rules.selection import select_rules
from kinetune.rules.table import RULES
from tests.database.stores import OLD, STOCK, connection, make, place, reach
from tests.rules.made import written_by

SCHEMA = RuleSelection(select_rules(RULES, ["KT1", "KT2"], []))
SECOND = (
    "INSERT INTO kine (name, created, deleted, create_revision, prev_revision) VALUES ('compact_rev_key', 0, 0, 0, 7)"
)
SET_BACK = "SELECT setval('kine_id_seq', 5)"
UNIQUE = "kine_name_prev_revision_uindex"
LISTS = "kine_list_query_index"


def findings(dsn: str, release: str = "v0.17.2") -> tuple[Finding, ...]:
    with open_session(place(dsn), "test") as session:
        facts = inspect_store(session, observe_store(session))
    return run_rules(CheckContext(replace(facts, kine=written_by(release))), SCHEMA).findings


def named(found: tuple[Finding, ...]) -> list[str]:
    return [f"{finding.severity} {finding.code} {finding.on}" for finding in found]


def test_the_schema_of_stock_kine_of_today_is_fine_on_postgresql(database: str) -> None:
    make(database, STOCK, objects=20)
    assert named(findings(database)) == []


def test_stock_kine_of_2023_has_findings_about_its_types_too(database: str) -> None:
    make(database, OLD, objects=20)
    assert named(findings(database, "v0.10.1")) == [
        "warning KT112 kine.name",
        "warning KT113 kine.id",
        f"info KT107 {LISTS}",
    ]


@pytest.mark.parametrize(("ddl", "release"), [(STOCK, "v0.17.2"), (OLD, "v0.10.1")])
def test_after_init_nothing_is_left_to_say(database: str, ddl: str, release: str) -> None:
    make(database, ddl, objects=20)
    reach(database, "tuned")
    assert named(findings(database, release)) == []


def test_a_database_without_a_table_is_reported(database: str) -> None:
    assert named(findings(database)) == ["error KT101 kine"]


PLANTED = [
    ("ALTER TABLE kine RENAME CONSTRAINT kine_pkey TO mine", "error KT102 mine"),
    (f"DROP INDEX {UNIQUE}", f"error KT104 {UNIQUE}"),
    (f"DROP INDEX {LISTS}", f"error KT107 {LISTS}"),
    (f"DROP INDEX {LISTS}; CREATE INDEX {LISTS} ON kine (id) WHERE false", f"error KT107 {LISTS}"),
    ("DROP INDEX kine_id_deleted_index", "warning KT108 kine_id_deleted_index"),
    ("DROP INDEX kine_name_index", "warning KT108 kine_name_index"),
    ("CREATE INDEX mine ON kine (lease)", "info KT110 mine"),
    ("CREATE INDEX kinetune_new_kine_name_index ON kine (name)", "warning KT110 kinetune_new_kine_name_index"),
    ('ALTER TABLE kine ALTER name TYPE text COLLATE "default"', "warning KT112 kine.name"),
    (SECOND, "error KT114 compact_rev_key"),
    ("ALTER SEQUENCE kine_id_seq CACHE 100", "error KT201 kine_id_seq"),
    ("ALTER SEQUENCE kine_id_seq OWNED BY NONE", "warning KT202 kine_id_seq"),
    (SET_BACK, "error KT203 kine_id_seq"),
    ("ALTER SEQUENCE kine_id_seq INCREMENT BY 3", "error KT204 kine_id_seq"),
    ("ALTER TABLE kine ADD COLUMN owner text", "warning KT101 kine.owner"),
]


def tuned(dsn: str) -> None:
    """As init prepares an empty database, with rows in it; of Kine's own DDL nothing is left to do."""
    reach(dsn, "tuned")
    make(dsn, STOCK, objects=20)


@pytest.mark.parametrize(("statement", "finding"), PLANTED, ids=[finding for _, finding in PLANTED])
def test_each_planted_fault_is_caught_by_its_rule_and_no_other(database15: str, statement: str, finding: str) -> None:
    tuned(database15)
    with connection(database15) as session:
        session.execute(statement.encode())
    assert named(findings(database15)) == [finding]


def test_an_index_left_by_a_failed_build_is_caught(database15: str) -> None:
    tuned(database15)
    with connection(database15) as session:
        session.execute("DROP INDEX kine_name_index")
        with pytest.raises(psycopg.errors.UniqueViolation):
            session.execute("CREATE UNIQUE INDEX CONCURRENTLY kine_name_index ON kine (name)")
    assert named(findings(database15)) == ["error KT109 kine_name_index"]


PASTED = [
    "ALTER TABLE kine RENAME CONSTRAINT kine_pkey TO mine",
    "CREATE INDEX mine ON kine (lease)",
    "CREATE UNIQUE INDEX CONCURRENTLY mine ON kine (id, lease); ALTER TABLE kine ADD UNIQUE USING INDEX mine",
    "ALTER SEQUENCE kine_id_seq RENAME TO kine_seq",
    "ALTER SEQUENCE kine_id_seq OWNED BY NONE",
    SET_BACK,
    "ALTER TABLE kine ADD COLUMN owner text",
]


@pytest.mark.parametrize("statements", PASTED)
def test_the_statement_of_a_finding_fixes_it(database15: str, statements: str) -> None:
    tuned(database15)
    with connection(database15) as session:
        for statement in statements.split("; "):
            session.execute(statement.encode())
        pasted = [part for finding in findings(database15) for part in finding.do.split("; ")]
        assert pasted
        for statement in pasted:
            if statement.split()[0].isupper():
                session.execute(statement.encode())
    assert named(findings(database15)) == []


@pytest.mark.parametrize(
    "statement",
    [
        f"DROP INDEX {UNIQUE}",
        f"DROP INDEX {LISTS}",
        "DROP INDEX kine_name_index",
        "CREATE INDEX kinetune_old_kine_name_index ON kine (name)",
        "ALTER SEQUENCE kine_id_seq INCREMENT BY 3",
    ],
)
def test_init_fixes_what_it_is_recommended_for(database15: str, statement: str) -> None:
    tuned(database15)
    with connection(database15) as session:
        session.execute(statement.encode())
    assert all("kinetune init" in finding.do for finding in findings(database15))
    reach(database15, "tuned")
    assert named(findings(database15)) == []
