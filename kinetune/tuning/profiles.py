"""The profiles of `kinetune init`: what is wanted on which server for which of Kine's eras, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from kinetune.kine.releases import Era
from kinetune.kine.schema import INDEXES, LIST_QUERY, PRIMARY_KEY, UNIQUE
from kinetune.model.failure import UsageFailure
from kinetune.model.schema import Index, Key, Order
from kinetune.model.server import Flavour, Server
from kinetune.servers import postgresql
from kinetune.servers.yugabytedb import planner_settings
from kinetune.tuning.target import Target

LIST_INDEX_SINCE = "E11"
"""Kine knows kine_list_query_index from v0.13.0 (facts/kine.md §1.1)."""
SINGLE_READS_SINCE = "E11"
"""Up to E10 one-key reads join back: lean costs them 97 requests without statistics (measured.md §3)."""

KEPT = "Kine's own"
PKEY = "Kine retries a lost race for an id only when the violated constraint is called kine_pkey"
COVERING = (
    "the unique guard against lost updates, with id inside: the newest revision of a key is found in the index alone"
)
GUARD = "the unique guard against lost updates; deleted objects reappear without it (kine#408)"
PLACEHOLDER = "keeps the name taken, so that Kine does not create it again: no query of any era is better with it"
LISTS = "lists, pages and one-key reads in key order, newest revision first; Kine v0.16.5, v0.17.1 and newer need it"
COUNTS = "counts and lists look up `deleted` by id in the index alone"
CACHE_1 = "Kine reads ids as revisions: a cached block of ids looks like missing revisions and stops watches"


def target(profile: str, server: Server, era: Era) -> Target:
    """The target of a profile by name; UsageFailure names the known ones."""
    if profile not in PROFILES:
        raise UsageFailure(f"unknown profile {profile!r}", f"known are {', '.join(PROFILES)}")
    return PROFILES[profile](server, era)


def stock(server: Server, era: Era) -> Target:
    """Kine's own indexes, as the era's releases create them; a new table gets the column types of today's releases."""
    indexes = tuple(index for index in INDEXES if index != LIST_QUERY or era.number >= LIST_INDEX_SINCE)
    reasons = {index.name: KEPT for index in indexes} | {PRIMARY_KEY.name: PKEY}
    return Target(
        "stock",
        _hashed(PRIMARY_KEY, server),
        tuple(_hashed(index, server) for index in indexes),
        reasons,
        exact_types=False,
    )


def article(server: Server, era: Era) -> Target:
    """
    The optimizations of the article behind this tool: range-sharded ids, covering unique index, sequence cache 1,
    batched nested loops; else Kine's own DDL. The settings of the planner and its statistics are kinetune's: without
    them this schema writes slower than stock (measured.md §9).
    """
    base = stock(server, era)
    indexes = tuple(_covering(UNIQUE) if index.name == UNIQUE.name else index for index in base.indexes)
    settings = _planner(server, era)
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


def _planner(server: Server, era: Era) -> Mapping[str, tuple[str, str]]:
    return planner_settings(server.release, era.number) if server.flavour is Flavour.YUGABYTEDB else {}


def tuned(server: Server, era: Era) -> Target:
    """The best known set for a server and an era: docs/profiles.md has the numbers."""
    return _tuned_yugabytedb(server, era) if server.flavour is Flavour.YUGABYTEDB else _tuned_postgresql(server, era)


def _tuned_postgresql(server: Server, era: Era) -> Target:
    """
    Indexes are the same for every era: each keeps what its queries use, and a later Kine finds what it needs.

    The unique index stays Kine's own: with kine_list_query_index beside it, id inside saved no era more than 2 % of the
    blocks of any call, and costs a quarter of the index (docs/profiles.md).
    """
    lean = ("kine_name_index", "kine_name_id_index", "kine_prev_revision_index")
    settings = postgresql.planner_settings(server, era.number)
    reasons = {PRIMARY_KEY.name: PKEY, UNIQUE.name: GUARD, LIST_QUERY.name: LISTS, "kine_id_deleted_index": COUNTS}
    reasons |= dict.fromkeys(lean, PLACEHOLDER) | {"kine_id_seq": CACHE_1}
    return Target(
        "tuned",
        PRIMARY_KEY,
        tuple(_lean(index, lean) for index in INDEXES),
        reasons | {name: why for name, (_, why) in settings.items()},
        settings={name: value for name, (value, _) in settings.items()},
    )


def _tuned_yugabytedb(server: Server, era: Era) -> Target:
    """
    All range-sharded, and each index that no plan needs a placeholder: every index is a write to another tablet.

    Where statistics are in use and last, only the unique index and that of lists hold rows: 20 to 40 % more writes than
    with kine_id_deleted_index and kine_prev_revision_index, and no call sends more requests (measured.md §11; counts
    take a tenth longer). Elsewhere, not measured, those two stay, and up to E10 the two name indexes too.
    """
    settings = _planner(server, era)
    lean: tuple[str, ...] = ("kine_name_index", "kine_name_id_index")
    if server.can("lasting_statistics"):
        lean += ("kine_id_deleted_index", "kine_prev_revision_index")
    elif era.number < SINGLE_READS_SINCE:
        lean = ()
    reasons = {index.name: KEPT for index in INDEXES} | dict.fromkeys(lean, PLACEHOLDER)
    reasons |= {PRIMARY_KEY.name: PKEY, UNIQUE.name: COVERING, LIST_QUERY.name: LISTS, "kine_id_seq": CACHE_1}
    return Target(
        "tuned",
        PRIMARY_KEY,
        tuple(_covering(_lean(index, lean)) for index in INDEXES),
        reasons | {name: why for name, (_, why) in settings.items()},
        settings={name: value for name, (value, _) in settings.items()},
        plants=server.can("lasting_statistics"),
    )


def _lean(index: Index, placeholders: tuple[str, ...]) -> Index:
    """A placeholder holds no rows, whatever its key: `lease` is the column that KINE_SCHEMA_MIGRATION never alters."""
    if index.name in placeholders:
        return Index(index.name, (Key("lease"),), predicate="false")
    return index


def _covering(index: Index) -> Index:
    return replace(index, include=("id",)) if index.name == UNIQUE.name else index


def _hashed(index: Index, server: Server) -> Index:
    """What YugabyteDB makes of Kine's DDL: the first key by hash (facts/yugabytedb.md §3.1)."""
    if not server.can("range_sharding"):
        return index
    first, *rest = index.keys
    return replace(index, keys=(Key(first.column, Order.HASH), *rest))


PROFILES: dict[str, Callable[[Server, Era], Target]] = {"tuned": tuned, "article": article, "stock": stock}
