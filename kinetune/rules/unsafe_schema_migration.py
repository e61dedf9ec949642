from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_number
from kinetune.kine.flags import NO_MIGRATION
from kinetune.kine.schema import SEQUENCE
from kinetune.model.facts import Facts, KineRelease, Relation
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.rules.remedies import SET_SEQUENCE_FLAG, is_hash_sharded, type_change_command
from kinetune.rules.rule import rule
from kinetune.servers.sequence_flag import minimum_caches

UNSET = "leave KINE_SCHEMA_MIGRATION unset"


@rule("KT115", Severity.WARNING)
def unsafe_schema_migration(table: Relation, facts: Facts, release: KineRelease | None) -> Iterator[Remark]:
    """
    KINE_SCHEMA_MIGRATION would change this store, or stop Kine at its start.

    Why it matters
        Kine v0.11.5 and newer run these statements at every start if the variable is set. If the sequence has another
        name, or on YugabyteDB with INTEGER range-sharded ids, they fail and Kine does not start: there is no API
        server. With INTEGER or VARCHAR columns they rewrite the table, which blocks reads and writes. On YugabyteDB
        ALTER SEQUENCE also raises the cache to the flag of the tserver, 100 by default, which breaks watches (KT201).

    What to do
        Leave the variable unset until `kinetune init` has corrected names and types; on PostgreSQL it then does
        nothing. On YugabyteDB leave it unset, or set ysql_sequence_cache_minval=1 on every tserver first.

    When to ignore
        The variable will never be set. Kine before v0.11.5 does not read it, and the rule passes.

    Source
        docs/facts/kine.md §0.5 (42P01 is fatal), §3 (the statements) and §5; docs/facts/measured.md §7 (the cache
        becomes 100 after ALTER SEQUENCE; types of a range-sharded table). The flag is known with --probe or from the
        HTTP port of the tservers (KT206).
    """
    if release is not None and NO_MIGRATION.applies_to(release):
        return
    name = table.sequence.name if table.sequence else SEQUENCE.name
    if name != SEQUENCE.name:
        says = f"is not named {SEQUENCE.name}: with KINE_SCHEMA_MIGRATION=1 Kine does not start (42P01)"
        yield Remark(on=name, says=says, do=UNSET)
    elif facts.server.flavour is Flavour.YUGABYTEDB and table.sequence and table.sequence.cache == 1:
        yield from _check_cache(facts)
    # A type change is reported in addition, because it blocks reads and writes even if it succeeds.
    if old := _old_types(table):
        yield _check_types(facts, table, old)


def _check_cache(facts: Facts) -> Iterator[Remark]:
    """ALTER SEQUENCE … AS BIGINT raises a cache of 1 to the flag of the node that Kine is connected to."""
    caches = minimum_caches(facts)
    known = [cache for cache in caches.values() if cache is not None]
    if max(known, default=1) > 1:
        says = f"KINE_SCHEMA_MIGRATION=1 would raise its cache from 1 to {max(known)}: watches stall"
        yield Remark(on=SEQUENCE.name, says=says, do=f"{UNSET}, or {SET_SEQUENCE_FLAG}")
    elif not caches or None in caches.values():
        says = "KINE_SCHEMA_MIGRATION=1 would raise its cache to 100 unless the flag is 1 on every tserver"
        yield Remark(on=SEQUENCE.name, says=says, do=f"{UNSET}, or {SET_SEQUENCE_FLAG}", severity=Severity.INFO)


def _old_types(table: Relation) -> list[str]:
    """The columns that KINE_SCHEMA_MIGRATION=1 (ids) or 2 (name) would change."""
    types = {column.name: column.type for column in table.columns}
    ids = [name for name in ("id", "create_revision", "prev_revision") if types.get(name) == "integer"]
    return ids + [name for name in ("name",) if types.get(name, "").startswith("character varying")]


def _check_types(facts: Facts, table: Relation, old: list[str]) -> Remark:
    what, ids = ", ".join(old), ", ".join(name for name in old if name != "name")
    refused = facts.server.flavour is Flavour.YUGABYTEDB and not is_hash_sharded(table) and ids
    rows = f", {format_number(table.size)} rows" if table.size else ""
    if refused:
        says = f"KINE_SCHEMA_MIGRATION=1 cannot change {ids} of a range-sharded table (42P17): Kine does not start"
    else:
        says = f"KINE_SCHEMA_MIGRATION would change {what} at Kine's start{rows}, which blocks all reads and writes"
    return Remark(on="kine", says=says, do=f"{UNSET}; {type_change_command(facts.server, table)}")
