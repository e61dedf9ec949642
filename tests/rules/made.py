"""Hand-made facts of healthy stores, for dataclasses.replace, and one rule's word on them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from kinetune.kine.queries import load_catalogue
from kinetune.kine.releases import era_of_kine
from kinetune.model.cluster import Cluster, ClusterNode
from kinetune.model.facts import (
    Connections,
    DrawnId,
    Facts,
    Growth,
    Index,
    Integrity,
    Key,
    KineRelease,
    ObservedIndex,
    Order,
    Relation,
    ResourceGrowth,
    Role,
    Security,
    SequenceProbe,
    Statistics,
)
from kinetune.model.finding import Finding, SkippedRule
from kinetune.model.server import Server
from kinetune.model.unknown import Unknown
from kinetune.model.workload import Call, Recording
from kinetune.rules.context import CheckContext
from kinetune.rules.rule import Rule
from kinetune.rules.runner import RuleSelection, run_rules
from kinetune.servers.identification import parse_server_name
from kinetune.tuning.profiles import build_target
from kinetune.tuning.target import TargetSchema

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PG15, PG16 = parse_server_name("postgresql-15.18"), parse_server_name("postgresql-16.4")
YB = parse_server_name("yugabytedb-2024.2.11.0")
RELEASE = "v0.17.2"
"""The newest release that loses no acknowledged create (docs/facts/measured.md §2)."""
NEWEST_ID, ROWS = 60_000, 20_000
PLANNER = {"default_transaction_isolation": "read committed", "server_encoding": "UTF8"}
POSTGRESQL = {
    **PLANNER,
    "max_connections": "100",
    "autovacuum": "on",
    "jit": "on",
    "lc_collate": "en_US.UTF-8",
    "plan_cache_mode": "auto",
    "random_page_cost": "4",
    "work_mem": "4096",
}
YUGABYTEDB = {
    **PLANNER,
    "max_connections": "300",
    "lc_collate": "C",
    "yb_bnl_batch_size": "1024",
    "yb_prefer_bnl": "on",
    "yb_enable_cbo": "on",
    "yb_effective_transaction_isolation_level": "read committed",
}


def healthy(**changes: Any) -> Facts:
    """A K3s store on PostgreSQL 15 as `kinetune init` leaves it, Kine v0.17.2; `changes` are fields of Facts."""
    return replace(_facts(PG15, POSTGRESQL), **changes)


def yugabytedb(**changes: Any) -> Facts:
    """The same on YugabyteDB 2024.2, analysed, on three nodes in three zones with the flag at 1."""
    return replace(replace(_facts(YB, YUGABYTEDB), cluster=cluster()), **changes)


def cluster(*nodes: ClusterNode, replication: int | Unknown = 3) -> Cluster:
    """These nodes, else three that are as they should be."""
    return Cluster(nodes or tuple(node(number) for number in (1, 2, 3)), replication)


def node(number: int, **changes: Any) -> ClusterNode:
    """A node of its own zone, seen by SQL and HTTP."""
    seen = ClusterNode(
        name=f"10.0.0.{number}:5433",
        cloud="cloud1",
        region="region1",
        zone=f"zone{number}",
        server=YB,
        settings={"yb_bnl_batch_size": "1024"},
        analysed_at=NOW,
        flags={"ysql_sequence_cache_minval": "1"},
        leaders=2,
    )
    return replace(seen, **changes)


def with_table(facts: Facts, **changes: Any) -> Facts:
    """The same facts with another table; `changes` are fields of Relation."""
    assert facts.table is not None
    return replace(facts, table=replace(facts.table, **changes))


def with_index(facts: Facts, *seen: ObservedIndex) -> Facts:
    """The same facts with these indexes in place of those of the same names, or behind them."""
    assert facts.table is not None
    names = {one.index.name for one in seen}
    return with_table(facts, indexes=(*(one for one in facts.table.indexes if one.index.name not in names), *seen))


def without_index(facts: Facts, name: str) -> Facts:
    assert facts.table is not None
    return with_table(facts, indexes=tuple(one for one in facts.table.indexes if one.index.name != name))


def hashed(facts: Facts) -> Facts:
    """The same facts with ids sharded by hash, as Kine's own DDL makes them on YugabyteDB."""
    key = Index("kine_pkey", (Key("id", Order.HASH),), unique=True)
    return with_table(facts, primary_key=ObservedIndex(key, constraint=key.name))


def written_by(tag: str) -> KineRelease:
    era = era_of_kine(tag)
    return KineRelease(era.name, era.number, "given by --kine", tag)


def run_one(rule: Rule, facts: Facts, **context: Any) -> tuple[Finding, ...]:
    """What one rule finds; fails where it could not judge. `context` are limits= and before=."""
    results = run_rules(CheckContext(facts, **context), RuleSelection((rule,)))
    assert not results.skipped, results.skipped
    return results.findings


def skip_one(rule: Rule, facts: Facts, **context: Any) -> SkippedRule:
    """Why one rule could not judge."""
    (found,) = run_rules(CheckContext(facts, **context), RuleSelection((rule,))).skipped
    return found


def recording(scenario: str, *indexes: str) -> Recording:
    """A cheap plan of a call that reads kine through these indexes."""
    query = next(iter(load_catalogue("v0.17.1").values()))
    scans = [
        {
            "Node Type": "Index Only Scan",
            "Relation Name": "kine",
            "Index Name": index,
            "Index Cond": "(name = 'x'::text)",
            "Actual Rows": 10,
            "Actual Loops": 1,
            "Actual Total Time": 0.1,
            "Plan Rows": 10,
        }
        for index in indexes
    ]
    root = {"Node Type": "Append", "Actual Rows": 10, "Actual Loops": 1, "Actual Total Time": 0.2, "Plans": scans}
    call = Call(scenario, f"{scenario}, in words", query, query.text, ())
    return Recording(call, custom=({"Plan": root, "Execution Time": 0.3},))


def _facts(server: Server, settings: dict[str, str]) -> Facts:
    release = written_by(RELEASE)
    wanted = build_target("tuned", server, era_of_kine(RELEASE))
    return Facts(
        observed_at=NOW,
        server=server,
        database="kubernetes",
        database_exists=True,
        role=Role("kine", superuser=False, create_database=False, owns_table=True, may_create=True),
        table=_table(wanted),
        settings=settings,
        database_settings=dict(wanted.settings),
        sessions={"kine": 3},
        kine=release,
        statistics=Statistics(NOW - timedelta(hours=1), NOW - timedelta(hours=1), ROWS, 50, 20, autovacuum=True),
        growth=Growth(
            current_revision=NEWEST_ID,
            compacted_revision=NEWEST_ID - 1_500,
            deletable_rows=200,
            sampled_rows=ROWS,
            gap_rows=2,
            gap_limit=100_000,
            resources=(
                ResourceGrowth("/registry/pods/", 1_000, 4_000_000),
                ResourceGrowth("/registry/leases/", 500, 300_000),
            ),
        ),
        integrity=Integrity(looked=ROWS, whole=True, nulls={"create_revision": 0}, compaction_rows=1),
        connections=Connections(most=100, reserved=3, used=6, in_store=3, idle=()),
        security=Security(local=False, tls=True, public=(), password=True),
        probe=SequenceProbe(tuple(DrawnId(number % 3 + 1, number + 1) for number in range(12)), cache=1),
        recordings=(
            recording("list-page", "kine_list_query_index", "kine_pkey"),
            recording("count", "kine_id_deleted_index", "kine_name_prev_revision_uindex"),
            recording("compact", "kine_prev_revision_index", "kine_name_id_index", "kine_name_index"),
        ),
    )


def _table(wanted: TargetSchema) -> Relation:
    return Relation(
        schema="public",
        kind="r",
        columns=wanted.columns,
        primary_key=ObservedIndex(wanted.primary_key, constraint=wanted.primary_key.name),
        indexes=tuple(ObservedIndex(index, bytes=16_384) for index in wanted.indexes),
        sequence=wanted.sequence,
        default="nextval('kine_id_seq'::regclass)",
        rows=ROWS,
        bytes=20_000_000,
        max_id=NEWEST_ID,
        last_id=NEWEST_ID,
    )
