from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.flags import NO_MIGRATION
from kinetune.kine.schema import SEQUENCE
from kinetune.model.facts import Facts, KineRelease, Relation
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.plans.numbers import count
from kinetune.rules.remedy import FLAG, change_types, hashed
from kinetune.rules.rule import rule
from kinetune.servers.sequence_flag import least_caches

UNSET = "leave KINE_SCHEMA_MIGRATION unset"


@rule("KT115", Severity.WARNING)
def schema_migration(table: Relation, facts: Facts, release: KineRelease | None) -> Iterator[Remark]:
    """
    KINE_SCHEMA_MIGRATION would find nothing to do.

    Why it matters
        Kine v0.11.5 and newer run these statements at every start where the variable is set. With the ids' sequence
        under another name, or on YugabyteDB with INTEGER ids sharded by range, they fail and Kine does not start: no
        API server. With INTEGER or VARCHAR columns they rewrite the table while nothing can be read or written. And on
        YugabyteDB their ALTER SEQUENCE takes the cluster's cache, by default 100, which breaks watches (KT201).

    What to do
        Leave the variable unset until `kinetune init` has brought names and types in order; then it does nothing on
        PostgreSQL. On YugabyteDB leave it unset, or set ysql_sequence_cache_minval=1 on every tserver first.

    When to ignore
        The variable will never be set. Kine before v0.11.5 does not read it: there the rule passes.

    Source
        docs/facts/kine.md §0.5 (42P01 is fatal), §3 (the statements) and §5; docs/facts/measured.md §7 (a cache of 1 is
        100 after ALTER SEQUENCE, types of a range-sharded table). That the flag is 1 is known
        with --probe, or from the tservers over HTTP (KT206).
    """
    if release is not None and NO_MIGRATION.of(release):
        return
    name = table.sequence.name if table.sequence else SEQUENCE.name
    if name != SEQUENCE.name:
        says = f"KINE_SCHEMA_MIGRATION=1 asks for {SEQUENCE.name} instead, and Kine then does not start (42P01)"
        yield Remark(on=name, says=says, do=UNSET)
    elif facts.server.flavour is Flavour.YUGABYTEDB and table.sequence and table.sequence.cache == 1:
        yield from _cache(facts)
    if old := _old_types(table):
        yield _types(facts, table, old)


def _cache(facts: Facts) -> Iterator[Remark]:
    """What ALTER SEQUENCE … AS BIGINT does to a cache of 1 is decided by the flag of the node that Kine is on."""
    caches = least_caches(facts)
    known = [cache for cache in caches.values() if cache is not None]
    if max(known, default=1) > 1:
        says = f"KINE_SCHEMA_MIGRATION=1 alters it, which raises its cache from 1 to {max(known)}: watches stall"
        yield Remark(on=SEQUENCE.name, says=says, do=f"{UNSET}, or {FLAG}")
    elif not caches or None in caches.values():
        says = "KINE_SCHEMA_MIGRATION=1 alters it, which brings a cache of 100 unless every tserver has the flag at 1"
        yield Remark(on=SEQUENCE.name, says=says, do=f"{UNSET}, or {FLAG}", severity=Severity.INFO)


def _old_types(table: Relation) -> list[str]:
    """Columns that level 1 (ids) or 2 (name) would change."""
    types = {column.name: column.type for column in table.columns}
    ids = [name for name in ("id", "create_revision", "prev_revision") if types.get(name) == "integer"]
    return ids + [name for name in ("name",) if types.get(name, "").startswith("character varying")]


def _types(facts: Facts, table: Relation, old: list[str]) -> Remark:
    what, ids = ", ".join(old), ", ".join(name for name in old if name != "name")
    refused = facts.server.flavour is Flavour.YUGABYTEDB and not hashed(table) and ids
    rows = f", {count(table.size)} rows" if table.size else ""
    if refused:
        says = f"KINE_SCHEMA_MIGRATION=1 cannot change {ids} of a range-sharded table (42P17): no Kine starts"
    else:
        says = f"KINE_SCHEMA_MIGRATION changes {what} at Kine's start{rows}: nothing is read or written meanwhile"
    return Remark(on="kine", says=says, do=f"{UNSET}; {change_types(facts.server, table)}")
