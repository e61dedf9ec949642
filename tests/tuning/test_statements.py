"""Names enter statements as psycopg.sql.Identifier would write them, whatever was found in the database."""

from __future__ import annotations

import re
from dataclasses import replace

import psycopg
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import sql

from kinetune.model.facts import Column, Facts, Index, Key, ObservedIndex, Order
from kinetune.model.failure import Refused
from kinetune.model.server import Server
from kinetune.quoting import identifier
from kinetune.tuning.difference import plan_changes
from kinetune.tuning.profiles import PROFILES
from tests.cluster import Cluster
from tests.tuning.made import SERVERS, facts_of, table_of, wanted

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
SPECIAL = st.text(st.sampled_from("aB\"';-- %{}$1\\\n.é("), min_size=1, max_size=12)
QUOTED = re.compile(r'"(?:[^"]|"")*"|E?\'(?:[^\']|\'\')*\'')
HARMLESS = re.compile(r"[A-Za-z0-9_ ,().=:<\n]*")


@given(NAMES)
def test_an_identifier_means_what_psycopgs_means(name: str) -> None:
    text = identifier(name)
    if text.startswith('"'):
        assert text == sql.Identifier(name).as_string()
    else:
        assert text == name == name.lower()
        assert re.fullmatch("[a-z_][a-z0-9_]*", name)


def test_every_keyword_is_quoted_where_the_server_would(cluster: Cluster) -> None:
    with psycopg.connect(cluster.dsn()) as session:
        rows = session.execute("SELECT word, quote_ident(word) FROM pg_get_keywords()").fetchall()
    assert len(rows) > 400
    # The list is that of PostgreSQL 18; to quote more than an older server needs means the same.
    assert [word for word, quoted in rows if quoted != word and identifier(word) != quoted] == []


@settings(deadline=None, max_examples=20)
@given(st.lists(NAMES.filter(lambda name: len(name.encode()) < 60), min_size=20, max_size=60))
def test_the_server_reads_both_as_the_same_name(pg15: Cluster, names: list[str]) -> None:
    ours = ", ".join(f"1 AS {identifier(name)}" for name in names)
    with psycopg.connect(pg15.dsn()) as session:
        cursor = session.execute(f"SELECT {ours}".encode())
        assert [column.name for column in cursor.description or ()] == names


@st.composite
def stores(draw: st.DrawFn) -> tuple[Facts, Server]:
    """Any profile on any server, with any subset of deviations, some of them under names that need quotes."""
    server = draw(st.sampled_from(SERVERS))
    made = wanted(draw(st.sampled_from(list(PROFILES))), server, draw(st.sampled_from(["E07", "E11", "E20"])))
    table = table_of(made)
    kept = [seen for seen in table.indexes if draw(st.booleans())]
    inside = st.lists(SPECIAL, max_size=2).map(tuple)
    changed = [ObservedIndex(replace(seen.index, include=draw(inside)), valid=draw(st.booleans())) for seen in kept]
    prefixes = st.sampled_from(["kinetune_new_", "kinetune_old_", ""])
    names = SPECIAL | st.sampled_from([index.name for index in made.indexes])
    keys = st.builds(Key, SPECIAL, st.sampled_from(Order))
    left = [
        ObservedIndex(Index(draw(prefixes) + name, (draw(keys),)), draw(st.booleans()))
        for name in draw(st.lists(names, max_size=3))
    ]
    key = draw(st.sampled_from(["kine_pkey", 'the "key"']))
    columns = tuple(
        Column(column.name, "integer") if column.type == "bigint" and draw(st.booleans()) else column
        for column in made.columns
    )
    facts = facts_of(
        made,
        server,
        columns=columns,
        indexes=(*changed, *left),
        primary_key=ObservedIndex(replace(made.primary_key, name=key), constraint=key),
        sequence=replace(
            made.sequence,
            name=draw(st.sampled_from(["kine_id_seq", "Kine Seq"])),
            cache=draw(st.sampled_from([1, 100])),
            owned_by=draw(st.sampled_from([None, ("kine", "id"), ("Other;--", 'i"d')])),
        ),
        max_id=draw(st.sampled_from([None, 5, 200])),
    )
    return replace(facts, database=draw(SPECIAL), database_settings={"yb_bnl_batch_size": draw(SPECIAL)}), server


@settings(deadline=None)
@given(stores(), st.sampled_from(list(PROFILES)))
def test_no_name_that_was_found_gets_out_of_its_quotes(store: tuple[Facts, Server], profile: str) -> None:
    facts, server = store
    goal = wanted(profile, server)
    sharded = facts.table and facts.table.primary_key and facts.table.primary_key.index.keys
    if sharded != goal.primary_key.keys:
        return
    try:
        steps = plan_changes(facts, goal).steps
    except Refused:  # YugabyteDB changes no type on a range-sharded table
        return
    assert len(steps) < 50
    for text in (text for step in steps for text in (*step.statements, *step.undo)):
        if text.startswith(("SELECT format(", "DO $", "INSERT INTO kinetune_")):
            continue  # hold Kine's own names, and none that was found
        assert HARMLESS.fullmatch(QUOTED.sub("", text)), text
