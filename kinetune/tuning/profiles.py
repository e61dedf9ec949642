"""The profiles of `kinetune init`: the target schema for a server and an era of Kine, with reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from kinetune.kine.releases import Era
from kinetune.kine.schema import INDEXES, LIST_QUERY, PRIMARY_KEY, UNIQUE
from kinetune.kine.table_shape import refuse_foreign_table
from kinetune.model.facts import Facts, Index, Key, Order
from kinetune.model.failure import Refused, UsageFailure
from kinetune.model.server import Flavour, Server
from kinetune.servers import postgresql
from kinetune.servers.yugabytedb import planner_settings
from kinetune.tuning.difference import STATISTICS_SUBJECT, plan_changes
from kinetune.tuning.target import TargetSchema

LIST_INDEX_SINCE = "E11"
"""Kine knows kine_list_query_index from v0.13.0 (docs/facts/kine.md §1.1)."""
SINGLE_READS_SINCE = "E11"
"""
Up to E10 a read of one key joins the table with itself. Without the two name indexes, and without statistics, it sends
97 requests (docs/facts/measured.md §3).
"""

KEPT = "as Kine creates it"
PKEY = "Kine retries an insert with a duplicate id only if the violated constraint is called kine_pkey"
COVERING = "prevents lost updates; includes id, so that the newest revision of a key is found in the index alone"
GUARD = "prevents lost updates; without it deleted objects reappear (kine#408)"
PLACEHOLDER = "reserves the name, so that Kine does not create the index: no query of any era is faster with it"
LISTS = "lists, pages and reads of one key in key order, newest revision first; used by Kine v0.16.5, v0.17.1 and newer"
COUNTS = "counts and lists read `deleted` by id from the index alone"
CACHE_1 = "Kine reads ids as revisions: a cached block of ids looks like missing revisions and stops watches"


def build_target(profile: str, server: Server, era: Era) -> TargetSchema:
    """The target schema of a profile. UsageFailure lists the profiles if this one is unknown."""
    if profile not in PROFILES:
        raise UsageFailure(f"unknown profile {profile!r}", f"known are {', '.join(PROFILES)}")
    return PROFILES[profile](server, era)


def stock_target(server: Server, era: Era) -> TargetSchema:
    """Kine's own indexes, as the releases of this era create them. A new table has the column types of the newest."""
    indexes = tuple(index for index in INDEXES if index != LIST_QUERY or era.number >= LIST_INDEX_SINCE)
    reasons = {index.name: KEPT for index in indexes} | {PRIMARY_KEY.name: PKEY}
    return TargetSchema(
        "stock",
        _hash_sharded(PRIMARY_KEY, server),
        tuple(_hash_sharded(index, server) for index in indexes),
        reasons,
        exact_types=False,
    )


def article_target(server: Server, era: Era) -> TargetSchema:
    """
    The optimizations of the article that this tool started from: range-sharded ids, a covering unique index, sequence
    cache 1, batched nested loops; otherwise Kine's own DDL. Planner settings and statistics were added: without them
    writes are slower on this schema than on stock (docs/facts/measured.md §9).
    """
    base = stock_target(server, era)
    indexes = tuple(_including_id(UNIQUE) if index.name == UNIQUE.name else index for index in base.indexes)
    settings = _planner_settings(server, era)
    return replace(
        base,
        profile="article",
        primary_key=PRIMARY_KEY,
        indexes=indexes,
        exact_types=True,
        settings={name: value for name, (value, _) in settings.items()},
        plants=server.can("lasting_statistics"),
        reasons={
            **base.reasons,
            UNIQUE.name: COVERING,
            "kine_id_seq": CACHE_1,
            **{name: why for name, (_, why) in settings.items()},
        },
    )


def _planner_settings(server: Server, era: Era) -> Mapping[str, tuple[str, str]]:
    return planner_settings(server.release, era.number) if server.flavour is Flavour.YUGABYTEDB else {}


def tuned_target(server: Server, era: Era) -> TargetSchema:
    """The best known set for a server and an era: docs/profiles.md has the numbers."""
    return _tuned_yugabytedb(server, era) if server.flavour is Flavour.YUGABYTEDB else _tuned_postgresql(server, era)


def _tuned_postgresql(server: Server, era: Era) -> TargetSchema:
    """
    The indexes are the same for every era, so that an upgrade of Kine needs no change.

    The unique index does not include id: next to kine_list_query_index it saved at most 2 % of the blocks of any call
    of any era, and made the index larger by a quarter (docs/profiles.md).
    """
    lean = ("kine_name_index", "kine_name_id_index", "kine_prev_revision_index")
    settings = postgresql.planner_settings(server, era.number)
    reasons = {PRIMARY_KEY.name: PKEY, UNIQUE.name: GUARD, LIST_QUERY.name: LISTS, "kine_id_deleted_index": COUNTS}
    reasons |= dict.fromkeys(lean, PLACEHOLDER) | {"kine_id_seq": CACHE_1}
    return TargetSchema(
        "tuned",
        PRIMARY_KEY,
        tuple(_as_placeholder(index, lean) for index in INDEXES),
        reasons | {name: why for name, (_, why) in settings.items()},
        settings={name: value for name, (value, _) in settings.items()},
    )


def _tuned_yugabytedb(server: Server, era: Era) -> TargetSchema:
    """
    All indexes are range-sharded. An index that no plan uses is a placeholder, because every index adds a write to
    another tablet.

    If statistics are used and last, only the unique index and the index for lists have rows. Without
    kine_id_deleted_index and kine_prev_revision_index there are 20 to 40 % more writes per second, no call sends more
    requests, and counts take a tenth longer (docs/facts/measured.md §11). On other releases this was not measured:
    there these two stay, and up to E10 the two name indexes too.
    """
    settings = _planner_settings(server, era)
    # With statistics, or from E11 on, no plan uses these two.
    lean: tuple[str, ...] = ("kine_name_index", "kine_name_id_index")
    if server.can("lasting_statistics"):
        lean += ("kine_id_deleted_index", "kine_prev_revision_index")
    # Without statistics, older eras need them.
    elif era.number < SINGLE_READS_SINCE:
        lean = ()
    reasons = {index.name: KEPT for index in INDEXES} | dict.fromkeys(lean, PLACEHOLDER)
    reasons |= {PRIMARY_KEY.name: PKEY, UNIQUE.name: COVERING, LIST_QUERY.name: LISTS, "kine_id_seq": CACHE_1}
    return TargetSchema(
        "tuned",
        PRIMARY_KEY,
        tuple(_including_id(_as_placeholder(index, lean)) for index in INDEXES),
        reasons | {name: why for name, (_, why) in settings.items()},
        settings={name: value for name, (value, _) in settings.items()},
        plants=server.can("lasting_statistics"),
    )


def _as_placeholder(index: Index, placeholders: tuple[str, ...]) -> Index:
    """
    The index as a placeholder, if its name is listed. Its key does not matter; `lease` is a column that
    KINE_SCHEMA_MIGRATION never alters, so the placeholder cannot hinder it.
    """
    if index.name in placeholders:
        return Index(index.name, (Key("lease"),), predicate="false")
    return index


def _including_id(index: Index) -> Index:
    return replace(index, include=("id",)) if index.name == UNIQUE.name else index


def _hash_sharded(index: Index, server: Server) -> Index:
    """The index that YugabyteDB creates for Kine's DDL: its first key is hash (docs/facts/yugabytedb.md §3.1)."""
    if not server.can("range_sharding"):
        return index
    first, *rest = index.keys
    return replace(index, keys=(Key(first.column, Order.HASH), *rest))


PROFILES: dict[str, Callable[[Server, Era], TargetSchema]] = {
    "tuned": tuned_target,
    "article": article_target,
    "stock": stock_target,
}


def recognise_profile(facts: Facts, era: Era) -> str:
    """The first profile that needs no step, or `custom`. Raises Refused for a foreign table."""
    refuse_foreign_table(facts)
    reached = (name for name in PROFILES if _is_reached(facts, build_target(name, facts.server, era)))
    return next(reached, "custom")


def _is_reached(facts: Facts, wanted: TargetSchema) -> bool:
    try:
        # Missing statistics do not make it another profile: they go out of date with every write.
        return all(step.subject == STATISTICS_SUBJECT for step in plan_changes(facts, wanted).steps)
    except Refused:  # the table would have to be rebuilt and cannot be
        return False
