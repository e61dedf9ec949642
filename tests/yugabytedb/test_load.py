"""A store that init prepared, under load of real Kine and read by `explain`, beside Kine's own schema."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bench.yugabytedb import run_load
from kinetune.tuning.statements import END_IDLE
from tests.database.stores import ask
from tests.kine.process import Kine
from tests.yugabytedb.conftest import Yb
from tests.yugabytedb.load import written_while
from tests.yugabytedb.sources import ServerSources, load_all_nodes, require_agreement
from tests.yugabytedb.stores import RestartedKine, early, fill, findings, former, reltuples

pytestmark = [pytest.mark.yugabytedb, pytest.mark.xdist_group("yugabytedb")]
ROWS = 20_000
RELEASES = ("v0.14.16", "v0.16.4", "v0.17.5")
LOOKUPS = ("get", "get-missing", "get-old", "poll", "list-empty")
SLACK_MS = 20.0
"""Of a millisecond or two, on a machine that runs other tests; reading 50,000 rows takes 37 to 200."""


@pytest.fixture(scope="module")
def prepared(yb: Yb) -> Iterator[str]:
    """Never analysed by hand; grown by whoever needs more rows."""
    with yb.fresh() as dsn:
        assert yb.init(dsn).status == 0
        fill(dsn, 10_000)
        yield dsn


@pytest.fixture(scope="module")
def stocked(yb: Yb) -> Iterator[str]:
    """Kine's own schema, with as many rows."""
    with yb.fresh() as dsn:
        with RestartedKine("v0.16.4", dsn):
            pass
        fill(dsn, ROWS)
        yield dsn


def explained(yb: Yb, dsn: str, kine: str) -> dict[str, dict[str, float]]:
    """Each call's requests, milliseconds and symptoms, under the settings of that release."""
    assert yb.init(dsn, "--kine", kine).status == 0
    said = yb.run("explain", "--kine", kine, "--arg", "prefix=/registry/pods/", "--format", "json", dsn)
    assert said.status == 0, said.err
    calls = json.loads(said.out)["calls"]
    assert not [one["failed"] for one in calls if one["failed"]]
    assert not {remark["symptom"] for one in calls for remark in one["remarks"]} & {
        "lookup-reads-table",
        "unbound-list",
    }
    return {one["scenario"]: one for one in calls}


def test_a_prepared_store_takes_more_updates_than_stock(prepared: str, stocked: str) -> None:
    """A small form of `make bench ARGS=yugabytedb`, with generous bounds; first of this file: 20,000 rows."""
    fill(prepared, ROWS, 10_000)
    found = [(run_load(stocked, "v0.16.4", 5.0).updates, run_load(prepared, "v0.16.4", 5.0).updates) for _ in range(2)]
    assert max(one for _, one in found) >= 1.5 * max(one for one, _ in found), found


def test_three_sources_show_a_schema_that_reads_the_table(yb: Yb, stocked: str, tmp_path: Path) -> None:
    """One Kine at each node of a store with Kine's own schema, which finds ids by reading all of them."""
    server = ServerSources(yb, stocked)
    logs = load_all_nodes(server, "v0.16.4", 4)
    require_agreement(logs, server, server.hosts)
    result = yb.run("hotspots", *server.write_logs(tmp_path, logs), "--endpoint", stocked, "--format", "json")
    assert result.status == 0, result.err
    for vantage in json.loads(result.out)["vantages"]:
        heaviest = vantage["hotspots"][:4]
        (poll,) = [spot for spot in heaviest if spot["query"] == "AfterAllOldVal"]
        assert "it reads the whole table (KT103)" in poll["advice"], vantage["vantage"]


def test_reads_of_a_prepared_store_do_not_grow_with_the_table(yb: Yb, prepared: str) -> None:
    small = {kine: explained(yb, prepared, kine) for kine in RELEASES}
    fill(prepared, 50_000, ROWS)
    for kine in RELEASES:
        calls = explained(yb, prepared, kine)
        for name, one in calls.items():
            assert one["requests"] <= (5 if name in LOOKUPS else 45 if name == "list" else 30), (kine, name)
        for name in LOOKUPS:
            before, now = small[kine][name]["milliseconds"], calls[name]["milliseconds"]
            assert now <= 1.5 * before + SLACK_MS, (kine, name)
        assert not early(findings(yb, prepared, kine=kine))


def test_a_kine_that_ran_before_init_is_slow_until_its_sessions_are_new(yb: Yb, empty: str, tmp_path: Path) -> None:
    """What the first release made, with rows: slow, found, cured by init and the statement that its plan shows."""
    former(yb, empty)
    fill(empty, ROWS)
    with RestartedKine("v0.16.4", empty, slow_sql_threshold="50ms") as kine:
        before = updates(kine)
        assert {"KT306", "KT402", "KT403"} <= set(findings(yb, empty, kine="v0.16.4"))
        said = yb.init(empty, "--kine", "v0.16.4")
        assert said.status == 0, said.err
        assert " ".join(END_IDLE.split()[:3]) in said.out
        assert reltuples(empty) >= ROWS / 2
        assert set(findings(yb, empty, kine="v0.16.4")) & {"KT306", "KT402", "KT403", "KT410"} == {"KT410"}
        ask(empty, END_IDLE)
        assert "KT410" not in findings(yb, empty, kine="v0.16.4")
        after = updates(kine)
        log = kine.log.read_bytes()
    assert after >= 2 * before, (before, after)
    (tmp_path / "kine.log").write_bytes(log)
    told = yb.run("hotspots", tmp_path / "kine.log")
    assert told.status == 0, told.err
    assert "KT306" in told.out


def updates(kine: Kine) -> int:
    """Writes of four clients in eight seconds: creates of new keys, each updated once."""
    return sum(len(ledger.moments) for ledger in written_while(kine, lambda: time.sleep(8)))


def test_explain_judges_what_the_storage_reads(yb: Yb, empty: str) -> None:
    """A key that exists hides it: few requests, few milliseconds, and the whole table for a key that does not."""
    former(yb, empty)
    fill(empty, 5_000)
    said = yb.run("explain", "--kine", "v0.17.5", "--format", "json", empty)
    assert said.status == 0, said.err
    calls = {one["scenario"]: one for one in json.loads(said.out)["calls"]}
    for name in ("get", "get-missing", "get-old"):
        (remark,) = [one for one in calls[name]["remarks"] if one["symptom"] == "lookup-reads-table"]
        assert "5,000 now" in remark["says"]
    advice = [remark["says"] + remark["do"] for one in calls.values() for remark in one["remarks"]]
    assert not [text for text in advice if "kine_name_id_index" in text or "kine_name_index" in text]
    compared = yb.run("explain", "--kine", "v0.17.5", "--compare", "article,tuned", "--rows", "5000", empty)
    assert compared.status == 0, compared.err
    assert ask(empty, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'kinetune%'") == []


def test_explain_of_a_create_reads_nothing_and_draws_no_id(yb: Yb, empty: str) -> None:
    former(yb, empty)
    fill(empty, 2_500)
    before = ask(empty, "SELECT last_value FROM kine_id_seq")
    assert "KT306" in findings(yb, empty, "--no-plans", kine="v0.17.5")
    assert ask(empty, "SELECT last_value FROM kine_id_seq") == before
    assert ask(empty, "SELECT count(*) FROM kine") == [(2_500,)]


def test_a_setting_can_be_tried_and_the_probe_leaves_nothing(yb: Yb, prepared: str) -> None:
    tried = yb.run("explain", "--query", "list-page", "--with", "yb_bnl_batch_size=1", prepared)
    assert tried.status == 0, tried.err
    found = findings(yb, prepared, "--probe", "--no-plans")
    assert ("KT205" in found, "KT206" in found) == (yb.flag > 1, yb.flag > 1)
    assert ask(prepared, "SELECT relname FROM pg_class WHERE relname LIKE 'kinetune_probe%'") == []


def test_a_role_that_may_only_read_sees_what_it_needs(yb: Yb, prepared: str) -> None:
    role = f"{psycopg.conninfo.conninfo_to_dict(prepared)['dbname']}_reader"
    grants = f"GRANT SELECT ON kine TO {role}", f"GRANT SELECT ON SEQUENCE kine_id_seq TO {role}"
    yb.execute(prepared, f"CREATE ROLE {role} LOGIN", *grants)
    try:
        found = findings(yb, prepared.replace("//yugabyte@", f"//{role}@"), kine="v0.17.5")
        assert not early(found)
    finally:
        yb.execute(prepared, f"DROP OWNED BY {role}", f"DROP ROLE {role}")
