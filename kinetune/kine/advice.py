"""One sentence for each hotspot: the likely cause, the remedy, and the command that shows the query's plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from kinetune.formatting import format_duration
from kinetune.kine.pool_limit import RAISE
from kinetune.kine.releases import find_era
from kinetune.model.counters import QueryCost
from kinetune.model.hotspot import Hotspot, Vantage
from kinetune.model.server import Flavour

PAGES = frozenset(("ListCurrent", "ListCurrentVal", "GetCurrent", "GetCurrentVal"))
NEXT_PAGES = frozenset(("GetRevisionAfter", "GetRevisionAfterVal"))
OLD_PAGES = frozenset(("ListRevisionStart", "ListRevisionStartVal"))
LISTS = PAGES | NEXT_PAGES | OLD_PAGES
COUNTS = frozenset(("Count", "CountCurrent"))
EVERYTHING = frozenset(("AllCurrent", "AllCurrentVal", "CountAllCurrent", "CountAllRevision"))
POLLS = frozenset(("After", "AfterOldVal", "AfterAllOldVal", "AfterSingleOldVal"))
GETS = frozenset(("GetSingle", "GetSingleVal"))
INSERTS = frozenset(("Insert", "InsertReturning"))
COMPACTIONS = frozenset(("Compact", "UpdateCompact"))
WRITES = INSERTS | COMPACTIONS | {"Fill"}
_SCENARIOS: Mapping[str, str] = {
    **dict.fromkeys(PAGES, "list-page"),
    **dict.fromkeys(NEXT_PAGES, "next-page"),
    **dict.fromkeys(OLD_PAGES, "old-page"),
    **dict.fromkeys(COUNTS, "count"),
    "CountRevision": "count-revision",
    **dict.fromkeys(GETS, "get"),
    **dict.fromkeys(POLLS, "poll"),
    **dict.fromkeys(INSERTS, "create"),
    "Compact": "compact",
    "UpdateCompact": "update-compact",
    "CompactRev": "compact-rev",
    "CurrentRev": "current-rev",
    "Fill": "fill",
}
_WITH_PREFIX = ("list-page", "next-page", "old-page", "count")
STOPS_AT_A_PAGE = "E19"
"""
From this era on a list with a limit stops after the page, if kine_list_query_index exists (docs/facts/kine.md §0.2).
"""
READS_COMPACT_REV_PER_CREATE = ("E17", "E18", "E19")
"""Their Get of a missing key also reads the compacted revision (docs/facts/kine.md §2.1)."""
_IDS_OUT_OF_ORDER = frozenset(("insert-retried", "gap-fill-failed", "gap-seen", "events-lost"))
"""Signals (kine/signals.py) of ids that are missing or taken when Kine needs them."""


@dataclass(frozen=True)
class AdviceContext:
    """
    What else is known: kinds of signals in the logs, the server, and for each query the longest time the server took
    in ms, as far as pg_stat_statements goes back.
    """

    signals: frozenset[str] = frozenset()
    flavour: Flavour | None = None
    longest: Mapping[str, float] = field(default_factory=dict)


NO_CONTEXT = AdviceContext()


@dataclass(frozen=True)
class QueryAdvice:
    """`cause` holds on every server, and each server's own remedy follows it. Either may be empty."""

    cause: str
    postgresql: str = ""
    yugabytedb: str = ""

    def for_server(self, flavour: Flavour | None) -> str:
        """For an unknown server the remedies of both."""
        remedy = {
            Flavour.POSTGRESQL: self.postgresql,
            Flavour.YUGABYTEDB: self.yugabytedb,
            None: f"on PostgreSQL, {self.postgresql}; on YugabyteDB, {self.yugabytedb}" if self.postgresql else "",
        }[flavour]
        return ": ".join(filter(None, (self.cause, remedy)))


_HASH_SHARDED = "check for hash-sharded ids, with which it reads the whole table (KT103)"
_LIST = QueryAdvice(
    "",
    "check that lists have an index of their own (KT107)",
    "check batched nested-loop joins (KT401) and the planner's statistics (KT402, KT403)",
)
_LIST_OF_PAGES = replace(_LIST, postgresql="check the index kine_list_query_index (KT107)")
_LIST_OF_REVISIONS = replace(
    _LIST,
    postgresql="up to Kine v0.17.0 lists read every revision under the prefix, so let compaction delete old ones "
    "(KT501, KT502), or upgrade to v0.17.2",
)
_COUNT = QueryAdvice(
    "a count costs as much as a list, and Kine counts every minute and once for each page",
    "check the indexes (KT107, KT108), then dead rows (KT405)",
    "check batched nested-loop joins (KT401) and statistics (KT402)",
)
_GET = QueryAdvice(
    "reading one object should be a single index lookup",
    "check statistics (KT402) and the list index (KT107)",
    "if its time grows with the table, the planner reads the whole table, and kinetune check "
    "--select KT306,KT402,KT403 shows why",
)
_POLL = QueryAdvice(
    "Kine polls once a second and after each write, and should read only new ids",
    "check statistics (KT402), dead rows (KT405) and the generic plan (KT304)",
    _HASH_SHARDED,
)
_INSERT = QueryAdvice(
    "",
    "each insert also writes every index, so look for unknown ones (KT110); the rest is the server's disk and its "
    "synchronous standbys",
    "if its time grows with the table, the planner reads the whole table to find the newest revision of a name, and "
    "kinetune check --select KT306,KT402,KT403 shows why; otherwise each index is a request to another tablet "
    "(KT110), and each node is a network round trip",
)
_COMPACTION = QueryAdvice(
    "",
    "check the compaction lag (KT501) and dead rows (KT405)",
    "check batched nested-loop joins (KT401), with which it took 0.9 s instead of 11.5 s",
)
_EVERYTHING = QueryAdvice(
    "it reads every key when Kine starts and for etcdctl get --prefix '', and kinetune check --select KT5 shows what "
    "fills the table"
)
_ADVICE: Mapping[str, QueryAdvice] = MappingProxyType(
    {
        **dict.fromkeys((*COUNTS, "CountRevision"), _COUNT),
        **dict.fromkeys(GETS, _GET),
        **dict.fromkeys(POLLS, _POLL),
        **dict.fromkeys(INSERTS, _INSERT),
        **dict.fromkeys(COMPACTIONS, _COMPACTION),
        **dict.fromkeys(EVERYTHING, _EVERYTHING),
        "CurrentRev": QueryAdvice(
            "MAX(id) should be one lookup at the end of the primary key",
            "check dead rows at its end (KT405)",
            _HASH_SHARDED,
        ),
        "CompactRev": QueryAdvice(
            "it reads the rows named compact_rev_key: check their number (KT114) and the index (KT104)"
        ),
        "Fill": QueryAdvice(
            "Kine fills a missing revision each time, and watches wait for it: kinetune check --select KT2,KT503 "
            "checks the sequence and the gaps"
        ),
        "GetSize": QueryAdvice(
            "the API server asks for the size of the table at each scrape of its metrics: scrape less often"
        ),
    }
)
_ANY_QUERY = QueryAdvice("kinetune check checks the whole database")
_IDS_TAKEN = QueryAdvice(
    "ids are out of order or already taken: kinetune check --select KT2,KT6 checks the sequence and the Kine release"
)
_COMPACTION_FAILED = QueryAdvice(
    "compaction did not finish within its 5 s: see kinetune rule KT501, and use a smaller --compact-batch-size until "
    "it has caught up"
)
_COMPACT_REV_PER_CREATE = QueryAdvice(
    "this Kine release runs it for each create: see kinetune rule KT114 (one compact_rev_key row) and KT104"
)


def write_advice(spot: Hotspot | QueryCost, context: AdviceContext = NO_CONTEXT) -> str:
    """The remedy, then the command that shows the plan. Empty where there is no remedy."""
    remedy = find_remedy(spot, context)
    return "; ".join(filter(None, (remedy, show_plan(spot)))) + "." if remedy else ""


def find_remedy(spot: Hotspot | QueryCost, context: AdviceContext = NO_CONTEXT) -> str:
    """
    The likely cause and what to do, the same for each resource. Empty for a statement that is not Kine's, and for
    counters that do not name the query.
    """
    if not spot.query:
        return ""
    return _connection_remedy(spot, context) or _choose_advice(spot, context).for_server(context.flavour)


def _connection_remedy(spot: Hotspot | QueryCost, context: AdviceContext) -> str:
    """Kine's time includes waiting for a connection, the server's does not (k3s#6299: 2m9s there, 8 s here)."""
    if isinstance(spot, Hotspot) and spot.vantage is Vantage.SERVER_LOG:
        return ""
    longest = context.longest.get(spot.query)
    # A median of twice the server's maximum cannot be time on the server. Below 10 ms it is the network.
    if longest is not None and spot.p50 is not None and spot.p50 > max(2 * longest, 10.0):
        return (
            f"the server never took longer than {format_duration(longest)} for this query, so calls wait for a "
            f"connection of Kine's pool: {RAISE}, or send fewer calls at once (KT701)"
        )
    # Not for one query alone: without a connection every call waits.
    if "no-connections" in context.signals:
        return "the server ran out of connections at this time: lower Kine's pool limit, or raise the server's (KT701)"
    return ""


def _choose_advice(spot: Hotspot | QueryCost, context: AdviceContext) -> QueryAdvice:
    query = spot.query
    if query in LISTS:
        era = _newest_era(spot)
        return _LIST if not era else _LIST_OF_PAGES if era >= STOPS_AT_A_PAGE else _LIST_OF_REVISIONS
    if query in INSERTS and context.signals & _IDS_OUT_OF_ORDER:
        return _IDS_TAKEN
    if query in COMPACTIONS and "compaction-failed" in context.signals:
        return _COMPACTION_FAILED
    if query == "CompactRev" and len(spot.eras) == 1 and _newest_era(spot) in READS_COMPACT_REV_PER_CREATE:
        return _COMPACT_REV_PER_CREATE
    return _ADVICE.get(query, _ANY_QUERY)


def _newest_era(spot: Hotspot | QueryCost) -> str:
    """The number of the newest era that sends the query, such as E20; empty where none is known."""
    return max((find_era(era).number for era in spot.eras), default="")


def explain_scenario(spot: Hotspot | QueryCost) -> str:
    """The call of `kinetune explain` that does the same in every era; empty if there is none."""
    if spot.query in LISTS and spot.resource and not spot.resource.endswith("/"):
        return "get"  # up to v0.15.0 Kine reads one object as a list of one
    return _SCENARIOS.get(spot.query, "")


def explain_arguments(spot: Hotspot | QueryCost) -> dict[str, str]:
    """The hotspot's own prefix or key, for `explain --arg`."""
    scenario, resource = explain_scenario(spot), spot.resource
    if not resource.startswith("/"):
        return {}
    if resource.endswith("/"):
        return {"prefix": resource} if scenario in _WITH_PREFIX else {}
    return {"key": resource} if scenario == "get" else {}


def show_plan(spot: Hotspot | QueryCost) -> str:
    """The command of this hotspot, with its prefix or key, and what it shows; empty if explain has no such call."""
    scenario = explain_scenario(spot)
    if not scenario:
        return ""
    arguments = "".join(f" --arg {name}={value}" for name, value in explain_arguments(spot).items())
    effect = "--writes shows the cost on a copy" if spot.query in WRITES else "shows the plan"
    return f"kinetune explain --query {scenario}{arguments} {effect}"
