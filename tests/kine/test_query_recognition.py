"""Statements from statistics and logs are recognised as Kine's, and tell the release."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import Connection, RawCursor, connect

from kinetune.kine.queries import load_catalogue, with_limit
from kinetune.kine.query_recognition import (
    era_of_statements,
    eras_of_clauses,
    name_of,
    name_of_dialect,
    normalise_statement,
)
from kinetune.kine.releases import ERAS, find_era
from kinetune.model.workload import Query

RECORDED = [era.name for era in ERAS if era.catalogue == era.name]
KINE_TABLE = """
CREATE TABLE kine (
    id bigserial PRIMARY KEY, name text COLLATE "C", created integer, deleted integer, create_revision bigint,
    prev_revision bigint, lease integer, value bytea, old_value bytea
)
"""
STATISTICS = """
SELECT query FROM pg_stat_statements AS s JOIN pg_database AS d ON d.oid = s.dbid WHERE datname = current_database()
"""
ARGUMENTS = {"boolean": False, "bytea": b"", "integer": 0, "bigint": 0, "text": "/", "character varying": "/"}


def texts(era: str) -> list[str]:
    return [query.text for query in load_catalogue(era).values()]


@pytest.mark.parametrize("era", RECORDED)
def test_the_statements_of_an_era_are_recognised_as_that_era(era: str) -> None:
    assert era_of_statements(texts(era)) == find_era(era)
    assert era_of_statements([with_limit(text, 501) for text in texts(era)]) == find_era(era)


@pytest.mark.parametrize("era", RECORDED)
def test_a_statement_has_its_name_of_that_era(era: str) -> None:
    for query in load_catalogue(era).values():
        found = name_of(query.text, era)
        assert found is not None
        assert era in found[0]
        assert found[1] == query.name


@pytest.mark.parametrize("era", RECORDED)
def test_what_statistics_show_of_an_era_is_recognised_as_that_era(database: str, era: str) -> None:
    with connect(database, autocommit=True) as session:
        session.execute(KINE_TABLE)
        session.execute("CREATE EXTENSION pg_stat_statements")
        for query in load_catalogue(era).values():
            run(session, query)
        rows = session.execute(STATISTICS).fetchall()
    shown = [text for (text,) in rows]
    assert era_of_statements(shown) == find_era(era)
    assert {found[1] for text in shown if (found := name_of(text, era))} == set(load_catalogue(era))


def run(session: Connection[tuple[object, ...]], query: Query) -> None:
    """Once as recorded, once with LIMIT where it can have one, and undo it."""
    arguments = [ARGUMENTS[parameter.type] for parameter in query.parameters]
    writes = query.text.startswith(("INSERT", "UPDATE", "DELETE"))
    for text in [query.text] if writes else [query.text, with_limit(query.text, 501)]:
        with session.transaction(force_rollback=True):
            RawCursor(session).execute(text.encode(), arguments)


def test_a_line_of_kines_own_log_is_recognised() -> None:
    written = "SELECT MAX(prev_revision) AS compact_rev FROM kine WHERE name = 'compact_rev_key'"
    assert name_of(written) == (("v0.16.3", "v0.17.1", "v0.17.3"), "CompactRev")
    insert = next(query.text for query in load_catalogue("E19").values() if query.name == "Insert")
    for number, value in enumerate(["'/registry/pods/a'", "1", "0", "0", "0", "0", "[12]byte(...)", "0"], 1):
        insert = insert.replace(f"${number}", value)
    assert name_of(insert + " /* Insert */", "E19") == name_of(load_catalogue("E19")["Insert"].text)


def test_one_distinct_statement_is_enough() -> None:
    era = era_of_statements([load_catalogue("v0.17.3")["AfterAllOldVal"].text])
    assert era is not None
    assert era.number == "E20"


def test_after_an_upgrade_the_newer_release_counts() -> None:
    assert era_of_statements(texts("v0.14.8") + texts("v0.17.3")) == find_era("E20")
    assert era_of_statements(texts("v0.17.1") + texts("v0.14.8")) == find_era("E19")


@pytest.mark.parametrize("seen", [[], ["SELECT 1"], [load_catalogue("v0.17.3")["UpdateCompact"].text]])
def test_what_tells_nothing_gives_no_era(seen: list[str]) -> None:
    assert era_of_statements(seen) is None


def test_names_changed_over_time() -> None:
    count = load_catalogue("v0.9.0")["Count"].text
    assert name_of(count) == (("v0.9.0", "v0.11.4", "v0.11.5"), "CountCurrent")
    assert name_of(count, "v0.9.0") == (("v0.9.0", "v0.11.4", "v0.11.5"), "Count")


@pytest.mark.parametrize("text", ["SELECT 1", "SELECT * FROM kine", "", "BEGIN"])
def test_what_kine_never_sends_has_no_name(text: str) -> None:
    assert name_of(text) is None


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("SELECT  a\n\tFROM t -- why\nWHERE b = 'it''s' LIMIT 500;", "SELECT a FROM t WHERE b = $n LIMIT $n"),
        ("SELECT NULL, true /* x */ FROM t1 WHERE a IS NOT NULL", "SELECT $n, $n FROM t1 WHERE a IS NOT NULL"),
        ("SELECT ( 1 , $12 ) FROM kine", "SELECT ($n, $n) FROM kine"),
        ("select COALESCE(a, 0.5) from t", "select COALESCE(a, $n) from t"),
    ],
)
def test_constants_comments_and_blanks_are_levelled(text: str, form: str) -> None:
    assert normalise_statement(text) == form


@given(st.text(st.sampled_from("a1' $(),;-/*\n\tNULL")))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise_statement(normalise_statement(text)) == normalise_statement(text)


@pytest.mark.parametrize("types", ["", "(text, bigint) "])
def test_a_call_counted_under_the_prepare_of_explain_is_kines(types: str) -> None:
    for query in load_catalogue("v0.17.3").values():
        found = name_of(f"PREPARE kinetune_call {types}AS {query.text}")
        assert found == name_of(query.text)
    prepared = [f"PREPARE kinetune_call AS {query.text}" for query in load_catalogue("v0.9.0").values()]
    assert era_of_statements(prepared) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("SELECT SUM(pgsize) FROM dbstat", "GetSize"),
        (
            "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count(), pragma_freelist_count()",
            "GetSize",
        ),
        ("SELECT SUM(data_length + index_length) FROM information_schema.TABLES WHERE table_name = ''", "GetSize"),
        ("DELETE kv FROM kine AS kv INNER JOIN ( SELECT kp.prev_revision AS id FROM kine AS kp", "Compact"),
        ("DELETE FROM kine AS kv WHERE kv.id IN ( SELECT kp.prev_revision AS id FROM kine AS kp", "Compact"),
        ("SELECT table_name FROM information_schema.tables", ""),
        ("DELETE FROM other AS kv WHERE kv.id IN (SELECT kp.prev_revision FROM other AS kp)", ""),
    ],
)
def test_statements_for_sqlite_and_mysql_have_kines_names(text: str, name: str) -> None:
    assert name_of_dialect(text) == name


def test_clauses_say_nothing_of_the_era_on_sqlite_and_mysql() -> None:
    text = "SELECT * FROM ( SELECT kv.id AS theid, kv.name AS thename FROM kine AS kv JOIN ( SELECT MAX(mkv.id) AS id "
    text += "FROM kine AS mkv WHERE mkv.name LIKE {} GROUP BY mkv.name) AS maxkv ON maxkv.id = kv.id ) AS lkv"
    assert eras_of_clauses(text.format("$1")) == ("v0.11.9",)
    assert eras_of_clauses(text.format("?")) == ()
    assert eras_of_clauses("DELETE FROM kine") == ()
