"""`kinetune init` on a real YugabyteDB: new databases, planted statistics, interruptions, stores of before."""

from __future__ import annotations

import psycopg
import pytest

from kinetune.tuning.profiles import PROFILES
from tests.cli.call import start_process, wait_for_exit
from tests.database.stores import STOCK, ask, facts, reach
from tests.yugabytedb.conftest import Yb
from tests.yugabytedb.stores import (
    RestartedKine,
    dies_after,
    early,
    fill,
    findings,
    former,
    planted,
    reltuples,
    script,
)

pytestmark = [pytest.mark.yugabytedb, pytest.mark.xdist_group("yugabytedb")]
NOTHING = "Nothing to do"
PLANTED_ROWS = 2_000


@pytest.mark.parametrize("profile", PROFILES)
def test_init_makes_a_database_and_has_nothing_to_do_the_second_time(yb: Yb, fresh: str, profile: str) -> None:
    said = yb.init(fresh, "--profile", profile)
    assert said.status == 0, said.err
    assert NOTHING in yb.init(fresh, "--profile", profile).out
    yb.execute(fresh, *(part for part in STOCK.split(";") if part.strip()))  # as Kine's start does: adds nothing
    assert NOTHING in yb.init(fresh, "--profile", profile).out
    assert reltuples(fresh) == (0 if profile == "stock" else PLANTED_ROWS)
    assert ask(fresh, "SELECT count(*) FROM kine") == [(0,)]
    assert ask(fresh, "SELECT nextval('kine_id_seq')") == [(1,)]
    assert ask(fresh, "SELECT relname FROM pg_class WHERE relname LIKE 'kinetune%' AND relname NOT LIKE '%lock%'") == []


def test_a_dry_run_and_print_show_the_planting_and_change_nothing(yb: Yb, fresh: str) -> None:
    for arguments in (("--dry-run",), ("--print",)):
        said = yb.run("init", *arguments, fresh)
        assert said.status == 0, said.err
        assert "INSERT INTO kinetune_staged_kine" in said.out
        assert "DELETE FROM kinetune_staged_kine WHERE id < 1" in said.out
    assert "INSERT" not in yb.run("init", "--print", "--no-plant-statistics", fresh).out
    assert ask(yb.dsn, f"SELECT 1 FROM pg_database WHERE datname = '{name_of(fresh)}'") == []


def name_of(dsn: str) -> str:
    return str(psycopg.conninfo.conninfo_to_dict(dsn)["dbname"])


def test_without_planting_the_table_stays_without_statistics(yb: Yb, fresh: str) -> None:
    assert yb.init(fresh, "--no-plant-statistics").status == 0
    assert reltuples(fresh) == 0
    assert NOTHING in yb.init(fresh, "--no-plant-statistics").out
    assert "drop the empty table kine" in yb.run("init", "--dry-run", fresh).out


PARTS = 4


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.soak) for part in range(1, PARTS))])
def test_an_init_that_dies_after_any_statement_is_finished_by_the_next(yb: Yb, empty: str, part: int) -> None:
    """And whenever it dies, a Kine that starts then meets no planted row."""
    number = len(script(empty))
    assert number > 20
    for statement in range(1 + part, number + 1, PARTS):
        dies_after(empty, statement)
        if facts(empty).table is not None:
            assert planted(empty) == 0, statement
        reach(empty, "tuned")
        assert not script(empty), statement
        assert (reltuples(empty), planted(empty)) == (PLANTED_ROWS, 0)
        assert ask(empty, "SELECT nextval('kine_id_seq')") == [(1,)]
        yb.execute(empty, "DROP TABLE kine")


def test_a_kine_that_starts_in_the_middle_keeps_its_own_store(yb: Yb, empty: str) -> None:
    before_its_name = next(n for n, text in enumerate(script(empty), 1) if text.startswith("CREATE SEQUENCE"))
    dies_after(empty, before_its_name)
    with RestartedKine("v0.16.4", empty) as kine, kine.client() as etcd:
        revision = etcd.create("/registry/configmaps/default/mine", b"v")
    texts = script(empty)
    assert "DROP TABLE kinetune_staged_kine" in texts[0], texts[:5]
    refused = yb.init(empty)
    assert refused.status == 4
    assert "REBUILD" in refused.err
    said = yb.init(empty, "--skip", "REBUILD")
    assert said.status == 0, said.err
    assert ask(empty, "SELECT to_regclass('kinetune_staged_kine')") == [(None,)]
    assert ask(empty, f"SELECT name FROM kine WHERE id = {revision}") == [("/registry/configmaps/default/mine",)]
    assert planted(empty) == 0


def test_two_inits_at_once_on_two_nodes_leave_one_store(yb: Yb, empty: str) -> None:
    if yb.ours is None:
        pytest.skip("a named cluster has one address")
    other = empty.replace(f"{yb.ours.net}.1:", f"{yb.ours.net}.2:")
    both = [start_process("init", "--yes", dsn, KINETUNE_TSERVER_HTTP=yb.http) for dsn in (empty, other)]
    said = [wait_for_exit(process, 90) for process in both]
    assert {one.status for one in said} <= {0, 4}, [one.err for one in said]
    assert any(one.status == 0 for one in said)
    assert NOTHING in yb.init(other).out
    assert (reltuples(empty), planted(empty)) == (PLANTED_ROWS, 0)


def test_a_store_that_grows_has_nothing_to_do_at_any_size(yb: Yb, fresh: str) -> None:
    assert yb.init(fresh).status == 0
    rows = 0
    for more in (0, 5, 100, 500, 5_000):
        fill(fresh, more, rows)
        rows = more
        assert NOTHING in yb.init(fresh).out, rows
    assert not early(findings(yb, fresh, kine="v0.17.5"))
    kept = yb.run("analyze", fresh)
    assert (kept.status, kept.out[:12]) == (0, "ANALYZE kine")


def test_what_the_first_release_left_is_found_and_replaced_while_it_is_empty(yb: Yb, empty: str) -> None:
    former(yb, empty)
    found = findings(yb, empty, kine="v0.17.5")
    assert {"KT306", "KT403"} <= set(found)
    assert found["KT306"]["severity"] == "error"
    refused = yb.run("analyze", empty)
    assert refused.status == 4
    assert "stop Kine and run kinetune init" in refused.line
    said = yb.init(empty)
    assert said.status == 0, said.err
    assert "drop the empty table kine, which has no statistics" in said.out
    assert (reltuples(empty), planted(empty)) == (PLANTED_ROWS, 0)
    assert not early(findings(yb, empty, kine="v0.17.5"))
    assert NOTHING in yb.init(empty).out


def test_an_empty_table_with_a_session_beside_it_is_not_replaced(yb: Yb, empty: str) -> None:
    former(yb, empty)
    with psycopg.connect(empty):
        assert "drop the empty table" not in yb.run("init", "--dry-run", empty).out


def test_what_the_first_release_left_is_analysed_once_it_has_rows_enough(yb: Yb, empty: str) -> None:
    """Few rows: told which plan they have and when ANALYZE is due; init is done after one run at each size."""
    former(yb, empty)
    rows = 0
    for more in (5, 100, 500):
        fill(empty, more, rows)
        rows = more
        said = yb.init(empty)
        assert said.status == 0, said.err
        again = yb.init(empty)
        assert NOTHING in again.out, again.out
        words = " ".join(again.out.split())
        assert f"no statistics for these {more} rows: each create and update reads all of them" in words
        assert "Run kinetune analyze once there are 2,000 rows" in words
        assert "KT402" not in findings(yb, empty, kine="v0.17.5")
        assert yb.run("analyze", empty).status == 4
    fill(empty, 5_000, rows)
    assert {"KT306", "KT402"} <= set(findings(yb, empty, kine="v0.17.5"))
    said = yb.init(empty)
    assert "ANALYZE kine" in said.out
    assert NOTHING in yb.init(empty).out
    assert reltuples(empty) >= 4_000
    assert early(findings(yb, empty, kine="v0.17.5")) <= {"KT307"}  # most rows are pods': docs/facts/measured.md §11


def test_truncate_takes_the_statistics_and_is_found(yb: Yb, fresh: str) -> None:
    assert yb.init(fresh).status == 0
    yb.execute(fresh, "TRUNCATE kine")
    assert reltuples(fresh) == 0
    fill(fresh, 2_500)
    found = findings(yb, fresh, kine="v0.17.5")
    assert {"KT306", "KT402"} <= set(found)
    assert found["KT306"]["do"] == "kinetune analyze"
    assert yb.run("analyze", fresh).status == 0
    assert early(findings(yb, fresh, kine="v0.17.5")) <= {"KT307"}


def test_a_role_that_does_not_own_the_database_gets_the_statements(yb: Yb, empty: str) -> None:
    role = f"{name_of(empty)}_role"
    yb.execute(empty, f"CREATE ROLE {role} LOGIN", f"GRANT CREATE ON SCHEMA public TO {role}")
    try:
        said = yb.run("init", "--yes", empty.replace("//yugabyte@", f"//{role}@"))
        assert said.status == 3, said.err
        assert f"ALTER DATABASE {name_of(empty)} SET yb_enable_optimizer_statistics = 'on'" in said.line
        assert ask(empty, "SELECT to_regclass('kinetune_staged_kine')") == [(None,)]
    finally:
        yb.execute(empty, f"REVOKE ALL ON SCHEMA public FROM {role}", f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_reverting_resets_what_kinetune_set_and_leaves_other_values(yb: Yb, fresh: str) -> None:
    assert yb.init(fresh).status == 0
    yb.execute(fresh, f"ALTER DATABASE {name_of(fresh)} SET yb_fetch_row_limit = 2048")
    said = yb.init(fresh, "--revert", "--allow", "REBUILD")
    assert said.status == 0, said.err
    assert facts(fresh).database_settings == {"yb_fetch_row_limit": "2048"}


def test_server_shows_every_node_over_sql_and_http(yb: Yb) -> None:
    said = yb.run("server", "--format", "json", yb.dsn)
    assert said.status == 0, said.err
    assert '"ysql_sequence_cache_minval"' in said.out
