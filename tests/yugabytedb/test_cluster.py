"""kinetune's commands on a real YugabyteDB cluster; each states what the recordings made us expect."""

from __future__ import annotations

import contextlib
import json

import pytest

from kinetune.database.apply import Apply, Done
from kinetune.database.observe import observe
from kinetune.database.session import visit
from kinetune.kine.releases import newest
from kinetune.model.schema import Order
from kinetune.tuning.difference import difference
from kinetune.tuning.profiles import PROFILES, target
from tests.database.stores import STOCK, facts, place
from tests.yugabytedb.conftest import Yb

pytestmark = pytest.mark.yugabytedb
KEYS, REVISIONS = 10_000, 5
FILL = f"""INSERT INTO kine (name, created, deleted, create_revision, prev_revision, lease, value, old_value)
    SELECT '/registry/' || (ARRAY['pods','pods','leases','secrets','events'])[1 + k % 5] || '/ns' || k % 50 || '/obj-'
           || lpad(k::text, 6, '0'), (r = 0)::int, 0, 0, r, 0, repeat('v', 500)::bytea, ''::bytea
    FROM generate_series(0, {REVISIONS - 1}) AS r, generate_series(1, {KEYS}) AS k ORDER BY r, k"""
CONTENT = "SELECT count(*), min(id), max(id), sum(hashtext(name || prev_revision::text)::bigint) FROM kine"


def stock(yb: Yb, dsn: str) -> None:
    """Kine's own DDL: everything by hash."""
    yb.execute(dsn, *(statement for statement in STOCK.split(";") if statement.strip()))


def by_range(dsn: str) -> bool:
    table = facts(dsn).table
    assert table is not None
    assert table.primary_key is not None
    return table.primary_key.index.keys[0].order is Order.ASC


def findings(yb: Yb, dsn: str, *arguments: str) -> set[str]:
    said = yb.run("check", "--format", "json", "--kine", "v0.17.2", *arguments, dsn)
    assert said.status in (0, 1), said.err
    return {one["code"] for one in json.loads(said.out)["findings"]}


@pytest.mark.parametrize("profile", PROFILES)
def test_init_makes_a_database_and_has_nothing_to_do_the_second_time(yb: Yb, fresh: str, profile: str) -> None:
    said = yb.init(fresh, "--profile", profile)
    assert said.status == 0, said.err
    assert by_range(fresh) is (profile != "stock")
    again = yb.init(fresh, "--profile", profile)
    assert "Nothing is to be done" in again.out, again.out
    yb.execute(fresh, *(part for part in STOCK.split(";") if part.strip()))  # as Kine's start does: adds nothing
    assert "Nothing is to be done" in yb.init(fresh, "--profile", profile).out


def test_a_flag_above_one_is_refused_before_anything_is_made(yb: Yb, name: str, fresh: str) -> None:
    if yb.flag <= 1:
        pytest.skip("the flag is 1 on this node")
    said = yb.run("init", "--yes", fresh)
    assert said.status == 4
    assert "ids would be cached" in said.err
    assert yb.execute(yb.dsn, f"SELECT 1 FROM pg_database WHERE datname = '{name}'") == []


def test_a_dry_run_and_print_change_nothing(yb: Yb, name: str, fresh: str) -> None:
    assert yb.run("init", "--dry-run", fresh).status == 0
    assert "CREATE TABLE kine" in yb.run("init", "--print", fresh).out
    assert yb.execute(yb.dsn, f"SELECT 1 FROM pg_database WHERE datname = '{name}'") == []


class Died(Exception):
    pass


def dies_after(dsn: str, statements: int) -> None:
    """The script for `tuned`, left behind after so many statements."""
    left = iter(range(statements - 1, -1, -1))

    def watch(_: Done) -> None:
        if next(left) == 0:
            raise Died

    with visit(place(dsn), "test", write=True) as session, contextlib.suppress(Died):
        Apply(session, watch).script(difference(observe(session), target("tuned", session.server, newest())))


@pytest.mark.parametrize("statements", range(1, 9))
def test_an_init_that_dies_after_any_statement_is_finished_by_the_next(yb: Yb, empty: str, statements: int) -> None:
    dies_after(empty, statements)
    said = yb.init(empty)
    assert said.status == 0, said.err
    assert by_range(empty)
    assert "Nothing is to be done" in yb.init(empty).out


def test_server_tells_every_node(yb: Yb) -> None:
    said = yb.run("server", "--format", "json", yb.dsn)
    assert said.status == 0, said.err
    data = json.loads(said.out)
    assert data["cluster"]["nodes"]
    yb.told.append(yb.run("server", yb.dsn).out)


def test_a_store_of_stock_kine_is_judged_rebuilt_and_judged_again(yb: Yb, empty: str) -> None:
    stock(yb, empty)
    yb.execute(empty, FILL)
    before = yb.execute(empty, CONTENT)
    assert {"KT103", "KT105", "KT106", "KT402"} <= findings(yb, empty)
    yb.told.append(yb.run("explain", "--kine", "v0.17.5", empty).out)
    refused = yb.init(empty)
    assert refused.status == 4
    assert "REBUILD" in refused.err
    said = yb.init(empty, "--allow", "REBUILD")
    assert said.status == 0, said.err
    assert by_range(empty)
    assert yb.execute(empty, CONTENT) == before
    assert yb.execute(empty, "SELECT nextval('kine_id_seq') > (SELECT max(id) FROM kine)") == [(True,)]
    assert yb.init(empty, "--finish").status == 0
    assert yb.execute(empty, "SELECT to_regclass('kine_before_init')") == [(None,)]
    assert not {"KT103", "KT105", "KT106", "KT201", "KT401", "KT402"} & findings(yb, empty)
    yb.told.append(yb.run("explain", "--kine", "v0.17.5", empty).out)


def filled(yb: Yb, dsn: str) -> str:
    assert yb.init(dsn).status == 0
    yb.execute(dsn, FILL)
    return dsn


def test_calls_cost_requests_and_settings_and_profiles_are_compared(yb: Yb, empty: str) -> None:
    filled(yb, empty)
    assert yb.run("analyze", empty).status == 0
    for tag in ("v0.10.1", "v0.14.16", "v0.17.5"):
        said = yb.run("explain", "--kine", tag, "--format", "json", empty)
        assert said.status == 0, said.err
        assert all(one["failed"] or one["plan"] for one in json.loads(said.out)["calls"])
        yb.told.append(yb.run("explain", "--kine", tag, empty).out)
    batch = yb.run("explain", "--query", "list-page", "--with", "yb_bnl_batch_size=1", empty)
    assert batch.status == 0, batch.err
    yb.told.append(batch.out)
    compared = yb.run("explain", "--compare", "article,tuned", "--rows", "20000", empty)
    assert compared.status == 0, compared.err
    yb.told.append(compared.out)
    assert yb.execute(empty, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'kinetune%'") == []


def test_the_probe_draws_on_every_node_and_leaves_nothing(yb: Yb, empty: str) -> None:
    filled_store = yb.init(empty)
    assert filled_store.status == 0
    found = findings(yb, empty, "--probe", "--no-plans")
    assert ("KT205" in found) is (yb.flag > 1)
    assert ("KT206" in found) is (yb.flag > 1)
    assert yb.execute(empty, "SELECT relname FROM pg_class WHERE relname LIKE 'kinetune_probe%'") == []


def test_revert_and_back_keep_every_row(yb: Yb, empty: str) -> None:
    filled(yb, empty)
    before = yb.execute(empty, CONTENT)
    for arguments, ranged in ((("--revert",), False), ((), True)):
        said = yb.init(empty, *arguments, "--allow", "REBUILD")
        assert said.status == 0, said.err
        assert by_range(empty) is ranged
        assert yb.execute(empty, CONTENT) == before
        assert yb.init(empty, *arguments, "--finish").status == 0
