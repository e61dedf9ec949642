"""A store built anew beside itself: equal row for row, with Kine's own names, whenever it was cut."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psycopg
import pytest

from kinetune.database import kine_stopped
from kinetune.kine.schema import COLUMNS
from kinetune.model.change import AppliedStatement
from kinetune.model.facts import Facts
from kinetune.model.failure import Refused
from kinetune.model.plain_data import decode, encode
from kinetune.tuning import copying
from kinetune.tuning.rebuild import RebuildOptions
from tests.cli.call import ROOT, environment
from tests.cluster import Cluster
from tests.database.rebuilding import SINGLE, WHOLE, Way, at, changes, cut, end, names, next_id, rebuild, script
from tests.database.stores import OLD, RENAMED, STOCK, ask, content, facts, make, schema

BATCH = 300
KINES = [
    "kine",
    "kine_id_deleted_index",
    "kine_id_seq",
    "kine_list_query_index",
    "kine_name_id_index",
    "kine_name_index",
    "kine_name_prev_revision_uindex",
    "kine_pkey",
    "kine_prev_revision_index",
]
STORES = {"stock": STOCK, "old types": OLD, "renamed sequence": RENAMED}
WAYS = {"one transaction": WHOLE, "single statements": SINGLE}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several batches of a small store, and no long looks."""
    monkeypatch.setattr(copying, "BATCH", BATCH)
    monkeypatch.setattr(kine_stopped, "OBSERVE_SECONDS", 0.05)


@contextlib.contextmanager
def copy_of(cluster: Cluster, original: str) -> Iterator[str]:
    name = f"{original.rpartition('/')[2]}_c"
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {original.rpartition('/')[2]}".encode())
        yield cluster.dsn(name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def is_right(dsn: str, rows: object) -> None:
    """Row for row, name for name, and ids that go on."""
    assert content(dsn) == rows
    seen = schema(dsn)
    assert seen.columns == COLUMNS
    assert seen.primary_key is not None
    assert seen.primary_key.constraint == "kine_pkey"
    assert seen.sequence is not None
    assert (seen.sequence.name, seen.sequence.owned_by, seen.sequence.type) == ("kine_id_seq", ("kine", "id"), "bigint")
    assert ask(dsn, "SELECT pg_get_serial_sequence('kine', 'id')") == [("public.kine_id_seq",)]
    assert [seen.index.name for seen in seen.indexes] == [name for name in KINES if name.endswith("index")]
    (newest,) = ask(dsn, "SELECT max(id) FROM kine")[0]
    assert next_id(dsn) > newest


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("store", STORES)
def test_a_store_is_built_anew_row_for_row_and_the_former_one_is_kept_until_the_end(
    database: str, store: str, way: str
) -> None:
    make(database, STORES[store], 300)
    rows = content(database)
    before = {seen.index for seen in schema(database).indexes}
    rebuild(database, Way(cannot=WAYS[way]))
    seen = facts(database)
    former = seen.beside["kine_before_init"]
    assert decode(Facts, encode(seen)).beside == {"kine_before_init": former}
    assert len(former.indexes) == len(before)
    assert former.sequence is None or former.sequence.name == "kine_seq"
    assert ask(database, "SELECT count(*), max(id) FROM kine_before_init") == ask(
        database, "SELECT count(*), max(id) FROM kine"
    )
    is_right(database, rows)
    end(database)
    assert names(database) == KINES


@pytest.mark.parametrize(("store", "way"), [("stock", "one transaction"), ("renamed sequence", "single statements")])
def test_cut_after_any_statement_the_next_run_comes_to_the_same_end(
    pg15: Cluster, database15: str, store: str, way: str
) -> None:
    make(database15, STORES[store], 300)
    rows, way_ = content(database15), Way(cannot=WAYS[way])
    with copy_of(pg15, database15) as dsn:
        sent = changes(dsn, way_)
    assert len(sent) > 25
    for turn in range(1, len(sent) + 1):
        with copy_of(pg15, database15) as dsn:
            assert cut(dsn, way_, turn)
            rebuild(dsn, way_)
            is_right(dsn, rows)
            end(dsn)
            assert names(dsn) == KINES, sent[turn - 1]


PROGRAM = """
import sys
from kinetune.cli.main import main
from kinetune.database import kine_stopped
from kinetune.tuning import copying
kine_stopped.OBSERVE_SECONDS, copying.BATCH = 0.05, 1000
sys.argv = ["kinetune", "init", "--rebuild", "--yes", "--allow", "REBUILD", sys.argv[1]]
main()
"""


def killed(dsn: str, chance: random.Random) -> bool:
    """Run it and kill it at some moment after some step; whether it had not come to its end."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, dsn],
        env=environment({"PYTHONPATH": str(ROOT)}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    for _ in range(chance.randint(0, 9)):
        process.stderr.readline()
    time.sleep(chance.uniform(0, 0.15))
    process.send_signal(signal.SIGKILL)
    process.stderr.close()
    return process.wait() == -signal.SIGKILL


def test_killed_at_random_moments_it_goes_on_and_loses_no_row(database15: str) -> None:
    make(database15, STOCK, 4_000)
    rows, chance, kills = content(database15), random.Random(5), 0
    while kills < 8:
        kills += killed(database15, chance)
        if "kine_before_init" in names(database15) and "kinetune_new_kine" not in names(database15):
            end(database15)  # it had come to its end: once more
        assert content(database15) == rows
    while not ask(database15, "SELECT pg_try_advisory_lock(7238419002)")[0][0]:
        time.sleep(0.1)
    rebuild(database15)
    is_right(database15, rows)


WORK = """
import sys
from kinetune.database.session import open_session
from kinetune.model.endpoint import parse
with open_session(parse(sys.argv[1]), "long-work", write=True) as session:
    print("begins", flush=True)
    session.query("SELECT count(*) FROM generate_series(1, 1000000000)")
"""


def test_what_a_killed_kinetune_was_doing_ends_within_seconds(database: str) -> None:
    """Else its comparison would go on under the lock on kine, and nobody could look meanwhile."""
    working = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'kinetune/long-work' AND state = 'active'"
    process = subprocess.Popen(
        [sys.executable, "-c", WORK, database], env=environment({"PYTHONPATH": str(ROOT)}), stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    while ask(database, working) != [(1,)]:
        time.sleep(0.05)
    process.kill()
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 15
    while ask(database, working) != [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_copy_is_told_of_as_it_goes_and_goes_on_behind_its_newest_row(database15: str) -> None:
    make(database15, STOCK, 300)
    done: list[AppliedStatement] = []
    assert cut(database15, Way(), 3)
    assert ask(database15, "SELECT max(id) FROM kinetune_new_kine") == [(2 * BATCH - 1,)]
    rebuild(database15, watch=done.append)
    shares = [one.share for one in done if one.step.unfolds]
    assert shares == [0.25, 0.5, 0.75, 1.0]
    assert all(one.share == 1 for one in done if not one.step.unfolds)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE kine SET value = 'x' WHERE id = 700",
        "DELETE FROM kine WHERE id = 700",
        "UPDATE kine SET old_value = '' WHERE id = 700",
        "INSERT INTO kine (id, name) VALUES (-1, 'x')",
    ],
)
def test_a_copy_that_is_not_equal_takes_nobodys_place(database15: str, way: str, change: str) -> None:
    make(database15, STOCK, 300)
    assert cut(database15, Way(cannot=WAYS[way]), 8)
    ask(database15, change)
    rows = content(database15)
    with pytest.raises(
        Refused, match=r"the copy differs from kine in the ids from (600|0) to .*DROP TABLE kinetune_new"
    ):
        rebuild(database15, Way(cannot=WAYS[way]))
    assert content(database15) == rows
    ask(database15, "DROP TABLE kinetune_new_kine")
    if "-1" not in change:
        rebuild(database15, Way(cannot=WAYS[way]))
        assert content(database15) == rows


@pytest.mark.parametrize("way", WAYS)
def test_rows_that_fill_gaps_are_left_out_on_request_but_for_the_newest(database15: str, way: str) -> None:
    make(database15, STOCK, 300)
    gaps = "SELECT i, 'gap-' || i, 0, 1 FROM generate_series(2000, 2100) AS i"
    ask(database15, "UPDATE kine SET name = 'gap-7' WHERE id = 7")
    ask(database15, "UPDATE kine SET name = 'gap-9' WHERE id = 8")
    ask(database15, f"INSERT INTO kine (id, name, created, deleted) {gaps}")
    ask(database15, "SELECT setval('kine_id_seq', 2100)")
    (count,) = ask(database15, "SELECT count(*) FROM kine")[0]
    rebuild(database15, Way(RebuildOptions(forced=True, skip_gap_rows=True), WAYS[way]))
    assert ask(database15, "SELECT count(*), max(id) FROM kine") == [(count - 101, 2100)]
    assert ask(database15, "SELECT id FROM kine WHERE name LIKE 'gap-%' ORDER BY id") == [(8,), (2100,)]


def test_the_copy_has_the_owner_and_the_rights_of_the_table(database15: str) -> None:
    make(database15, STOCK, 20)
    name = f"kine_{database15.rpartition('/')[2]}"
    ask(database15, f"CREATE ROLE {name}; GRANT CREATE ON SCHEMA public TO {name}")
    try:
        ask(
            database15,
            f"ALTER TABLE kine OWNER TO {name}; GRANT SELECT, INSERT ON kine TO pg_monitor; "
            "GRANT SELECT ON kine TO PUBLIC",
        )
        before = facts(database15).table
        rebuild(database15)
        end(database15)
        after = facts(database15).table
        assert before is not None
        assert after is not None
        assert (after.owner, after.grants) == (before.owner, before.grants) == (name, after.grants)
        assert len(after.grants) == 3
    finally:
        ask(database15, f"DROP TABLE kine; DROP OWNED BY {name}; DROP ROLE {name}")


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ("CREATE VIEW seen AS SELECT id FROM kine", "the view seen"),
        ("CREATE RULE quiet AS ON DELETE TO kine DO ALSO SELECT 1", "the rule quiet"),
        ("CREATE POLICY mine ON kine USING (true)", "the policy mine"),
        (
            "CREATE TRIGGER audit AFTER INSERT ON kine EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "the trigger audit",
        ),
        ("CREATE PUBLICATION out FOR TABLE kine", "the publication out"),
        ("ALTER TABLE kine ADD note text", "the column note"),
    ],
)
def test_what_hangs_on_the_table_is_named_and_not_lost(database15: str, extra: str, said: str) -> None:
    make(database15, STOCK, 20)
    ask(database15, extra)
    with pytest.raises(Refused, match=f"would lose {said}"), at(database15, Way()) as session:
        script(session, Way())
