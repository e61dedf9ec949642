"""Stores that Kine or the fork made, brought over on a real YugabyteDB; and copies that come back."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from kinetune.database.apply import ScriptRunner
from kinetune.database.observe import observe_store
from kinetune.database.session import open_session
from kinetune.kine.releases import newest_era
from kinetune.model.change import AppliedStatement
from kinetune.model.facts import Order
from kinetune.tuning.difference import plan_changes
from kinetune.tuning.profiles import build_target
from tests.database.stores import ask, facts, place, reach
from tests.yugabytedb.conftest import Yb
from tests.yugabytedb.stores import (
    CONTENT,
    RestartedKine,
    dies_after,
    early,
    fill,
    findings,
    planted,
    reltuples,
    script,
    stock,
)

pytestmark = [pytest.mark.yugabytedb, pytest.mark.xdist_group("yugabytedb")]
ROWS = 2_500
FORK = """CREATE SEQUENCE kine_seq CACHE 1;
CREATE TABLE kine (id INTEGER DEFAULT nextval('kine_seq'), name VARCHAR(630), created INTEGER, deleted INTEGER,
create_revision INTEGER, prev_revision INTEGER, lease INTEGER, value bytea, old_value bytea, PRIMARY KEY (id ASC));
CREATE INDEX kine_name_index ON kine (name);
CREATE UNIQUE INDEX kine_name_prev_revision_uindex ON kine (name ASC, prev_revision ASC) INCLUDE (id)"""


def by_range(dsn: str) -> bool:
    table = facts(dsn).table
    assert table is not None
    assert table.primary_key is not None
    return table.primary_key.index.keys[0].order is Order.ASC


def made(yb: Yb, dsn: str, kind: str) -> None:
    if kind == "stock":
        stock(yb, dsn)
    else:
        yb.execute(dsn, *FORK.split(";"))
    fill(dsn, ROWS)


def test_a_store_of_stock_kine_is_judged_rebuilt_and_judged_again(yb: Yb, empty: str) -> None:
    made(yb, empty, "stock")
    before = ask(empty, CONTENT)
    assert {"KT103", "KT105", "KT106", "KT402", "KT403"} <= set(findings(yb, empty))
    refused = yb.init(empty)
    assert refused.status == 4
    assert "REBUILD" in refused.err
    said = yb.init(empty, "--allow", "REBUILD")
    assert said.status == 0, said.err
    assert by_range(empty)
    assert ask(empty, CONTENT) == before
    assert reltuples(empty) >= 2_000  # a build of an index counts the rows
    assert planted(empty) == 0
    assert ask(empty, "SELECT nextval('kine_id_seq') > (SELECT max(id) FROM kine)") == [(True,)]
    assert yb.init(empty, "--drop-old-table").status == 0
    assert ask(empty, "SELECT to_regclass('kine_before_init')") == [(None,)]
    assert early(findings(yb, empty)) <= {"KT307"}


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["stock", "fork"])
def test_a_rebuild_that_dies_after_any_statement_is_finished_by_the_next(yb: Yb, empty: str, kind: str) -> None:
    """One store, killed again and again, each time one statement further on: the next run goes on from there."""
    made(yb, empty, kind)
    before = ask(empty, CONTENT)
    for statement in range(1, 80):
        if not script(empty):
            break
        dies_after(empty, min(statement, 2))
        table = "kine" if facts(empty).table else "kine_before_init"
        assert ask(empty, CONTENT.replace("FROM kine", f"FROM {table}")) == before
    reach(empty, "tuned")
    assert by_range(empty)
    assert (ask(empty, CONTENT), planted(empty)) == (before, 0)
    assert reltuples(empty) >= 2_000


def test_going_back_and_forth_keeps_every_row(yb: Yb, empty: str) -> None:
    """The former table goes with the command that is told to drop it: --drop-old-table stands alone."""
    made(yb, empty, "stock")
    before = ask(empty, CONTENT)
    for arguments, ranged in (((), True), (("--revert",), False)):
        said = yb.init(empty, *arguments, "--allow", "REBUILD")
        assert said.status == 0, said.err
        assert by_range(empty) is ranged
        assert ask(empty, CONTENT) == before
        assert yb.init(empty, "--drop-old-table").status == 0
    assert yb.init(empty, "--revert", "--drop-old-table").status == 2


def test_a_dropped_store_comes_back_with_statistics_that_serve(yb: Yb, empty: str, tmp_path: Path) -> None:
    assert yb.init(empty).status == 0
    with RestartedKine("v0.16.4", empty) as kine, kine.client() as etcd:
        for number in range(20):
            etcd.create(f"/registry/configmaps/default/{number}", b"v")
    before, copy = ask(empty, CONTENT), tmp_path / "copy.kinetune"
    name = psycopg.conninfo.conninfo_to_dict(empty)["dbname"]
    hazard = ("--allow", "RECENT_WRITES", "--observe", "1s")
    dropped = yb.run("drop", "--confirm", name, "--backup", copy, *hazard, empty)
    assert dropped.status == 0, dropped.err
    back = yb.run("restore", "--yes", copy, empty)
    assert back.status == 0, back.err
    assert ask(empty, CONTENT) == before
    assert (reltuples(empty), planted(empty)) == (2_000, 0)
    assert not early(findings(yb, empty))


def test_rows_planted_in_a_copy_never_come_to_kine(yb: Yb, empty: str) -> None:
    """A run that dies between planting and deleting in the copy leaves rows below 1; the next deletes them first."""
    made(yb, empty, "stock")
    died: list[str] = []

    def watch(done: AppliedStatement) -> None:
        if done.statement.startswith("ANALYZE kinetune_new_kine"):
            died.append(done.statement)
            raise KeyboardInterrupt

    with open_session(place(empty), "test", write=True) as session, pytest.raises(KeyboardInterrupt):
        ScriptRunner(session, watch).run_script(
            plan_changes(observe_store(session), build_target("tuned", session.server, newest_era()))
        )
    assert died
    assert planted(empty, "kinetune_new_kine") == 2_000
    reach(empty, "tuned")
    assert planted(empty) == 0
    assert reltuples(empty) >= 2_000
