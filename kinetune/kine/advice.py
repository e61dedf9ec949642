"""
Advice for each hotspot: the likely cause, what to check, what to change, and the command that shows the query's plan.

The remedies are those of PostgreSQL and YugabyteDB. A Kine on another store gets none of them (kine/store_advice.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from kinetune.formatting import format_duration
from kinetune.kine.pool_limit import RAISE
from kinetune.kine.query_purposes import COMPACTIONS, COUNTS, EVERYTHING, GETS, INSERTS, LISTS, POLLS, show_plan
from kinetune.kine.releases import NEWEST_RELEASE, find_era
from kinetune.kine.store_advice import AdviceParts, advise_other_store, advise_traces
from kinetune.model.counters import QueryCost
from kinetune.model.hotspot import Hotspot, LogOrigin, StoreKind, Vantage
from kinetune.model.server import Flavour

STOPS_AT_A_PAGE = "E19"
"""
From this era on a list with a limit stops after the page, if kine_list_query_index exists (docs/facts/kine.md §0.2).
"""
READS_COMPACT_REV_PER_CREATE = frozenset(("E17", "E18", "E19"))
"""Their Get of a missing key also reads the compacted revision (docs/facts/kine.md §2.1)."""
_IDS_OUT_OF_ORDER = frozenset(("insert-retried", "gap-fill-failed", "gap-seen", "events-lost"))
"""Signals (kine/signals.py) of ids that are missing or taken when Kine needs them."""


@dataclass(frozen=True)
class AdviceContext:
    """
    What else is known: kinds of signals in the logs and when they began and ended (in seconds since 1970 UTC), the
    server, for each query the longest time the server took in ms, as far as pg_stat_statements goes back, and which
    releases and store the logs name.
    """

    signals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    flavour: Flavour | None = None
    longest: Mapping[str, float] = field(default_factory=dict)
    origin: LogOrigin = field(default_factory=LogOrigin)


NO_CONTEXT = AdviceContext()


@dataclass(frozen=True)
class Remedy:
    """What to check, which shows the cause, and what to change. Either may be empty."""

    check: str = ""
    fix: str = ""


NOTHING = Remedy()


@dataclass(frozen=True)
class QueryAdvice:
    """`cause` and `always` hold on every server; each server also has a remedy of its own. Each may be empty."""

    cause: str = ""
    postgresql: Remedy = NOTHING
    yugabytedb: Remedy = NOTHING
    always: Remedy = NOTHING

    def for_server(self, flavour: Flavour | None) -> AdviceParts:
        """For an unknown server the remedies of both."""
        if flavour is None:
            check = _name_both(self.postgresql.check, self.yugabytedb.check)
            fix = _name_both(self.postgresql.fix, self.yugabytedb.fix)
        else:
            own = self.postgresql if flavour is Flavour.POSTGRESQL else self.yugabytedb
            check, fix = own.check, own.fix
        return AdviceParts(self.cause, _join(self.always.check, check), _join(self.always.fix, fix))


def _name_both(postgresql: str, yugabytedb: str) -> str:
    named = (("on PostgreSQL, ", postgresql), ("on YugabyteDB, ", yugabytedb))
    return _join(*(before + text for before, text in named if text))


def _join(*texts: str) -> str:
    return "; ".join(filter(None, texts))


_READS_TABLE = "kinetune check --select KT306,KT402,KT403 shows whether the planner reads the whole table"
# The fixes are those of the rules named with them (kinetune rule CODE), in a few words.
_HASH_SHARDED = Remedy(
    "check for hash-sharded ids, with which it reads the whole table (KT103)",
    "if ids are hash-sharded, rebuild the table with Kine stopped (kinetune init --allow REBUILD)",
)
_INIT_SETTINGS = (
    "kinetune init makes the settings of KT401 and KT403; then restart Kine, because only new sessions use them"
)
_LIST = QueryAdvice(
    "a list joins the newest revision of each object under the prefix with the table",
    yugabytedb=Remedy(
        "check batched nested-loop joins (KT401) and the planner's statistics (KT402, KT403)", _INIT_SETTINGS
    ),
)
_LIST_OF_PAGES = replace(
    _LIST,
    postgresql=Remedy(
        "check the index kine_list_query_index (KT107)", "if the index is missing, build it with kinetune init"
    ),
)
_LIST_OF_REVISIONS = replace(
    _LIST,
    postgresql=Remedy(
        "check the compaction lag (KT501, KT502): up to Kine v0.16.4, and in v0.17.0, a list reads every revision "
        "under the prefix",
        "let compaction delete old revisions, or upgrade to Kine v0.16.5 or v0.17.2",
    ),
)
_COMPACT_OR_INDEX = "let compaction delete old revisions, or build a missing index with kinetune init"
_LIST_OF_UNKNOWN_RELEASE = replace(
    _LIST,
    postgresql=Remedy(
        "find out the Kine release, which these logs do not name: up to v0.16.4, and in v0.17.0, a list reads every "
        "revision under the prefix (KT501, KT502); later ones need the index kine_list_query_index (KT107)",
        _COMPACT_OR_INDEX,
    ),
)
_LIST_OF_SEVERAL_RELEASES = replace(
    _LIST,
    postgresql=Remedy(
        "for releases up to Kine v0.16.4, and v0.17.0, check the compaction lag (KT501, KT502), because a list reads "
        "every revision under the prefix; for later ones check the index kine_list_query_index (KT107)",
        _COMPACT_OR_INDEX,
    ),
)
_COUNT = QueryAdvice(
    "a count costs as much as a list, and Kine counts every minute and once for each page",
    Remedy(
        "check the indexes (KT107, KT108), then dead rows (KT405)",
        "build missing indexes with kinetune init; remove dead rows with VACUUM (ANALYZE) kine",
    ),
    Remedy("check batched nested-loop joins (KT401) and statistics (KT402)", _INIT_SETTINGS),
)
_GET = QueryAdvice(
    "reading one object should be a single index lookup",
    Remedy(
        "check statistics (KT402) and the list index (KT107)",
        "run kinetune analyze; build a missing index with kinetune init",
    ),
    Remedy(f"if its time grows with the table, {_READS_TABLE}", _INIT_SETTINGS),
)
_POLL = QueryAdvice(
    "Kine polls once a second and after each write, and should read only new ids",
    Remedy(
        "check statistics (KT402), dead rows (KT405) and the generic plan (KT304)",
        "VACUUM (ANALYZE) kine; if KT304 is found, set plan_cache_mode = force_custom_plan for the database",
    ),
    _HASH_SHARDED,
)
_INSERT = QueryAdvice(
    "each create, update and delete inserts a row, and writes every index of the table",
    Remedy(
        "look for unknown indexes (KT110); the rest is the server's disk and its synchronous standbys",
        "drop indexes that no program needs",
    ),
    Remedy(
        f"if its time grows with the table, {_READS_TABLE} to find the newest revision of a name; otherwise each "
        "index is a request to another tablet (KT110), and each node is a network round trip",
        f"{_INIT_SETTINGS}; drop indexes that no program needs",
    ),
)
_COMPACTION = QueryAdvice(
    "compaction deletes old revisions in batches, and must find them among all rows",
    Remedy("check the compaction lag (KT501) and dead rows (KT405)", "remove dead rows with VACUUM (ANALYZE) kine"),
    Remedy("check batched nested-loop joins (KT401), with which it took 0.9 s instead of 11.5 s", _INIT_SETTINGS),
)
_EVERYTHING = QueryAdvice(
    "it reads every key when Kine starts and for etcdctl get --prefix ''",
    always=Remedy(
        "kinetune check --select KT5 shows what fills the table",
        "no action is necessary at a start of Kine; otherwise find the client that lists without a prefix",
    ),
)
_FIX_OF_RULES = "apply the fix of each finding"
_COMPACTION_ROW = Remedy(
    "check that exactly one is left (KT114), and the index (KT104)",
    "stop every Kine and apply the statement of KT114; build a missing index with kinetune init",
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
            Remedy("check dead rows at its end (KT405)", "remove them with VACUUM (ANALYZE) kine"),
            _HASH_SHARDED,
        ),
        "CompactRev": QueryAdvice("it reads the rows named compact_rev_key", always=_COMPACTION_ROW),
        "Delete": QueryAdvice(
            "Kine deletes the rows named compact_rev_key if it finds more than one at its start",
            always=_COMPACTION_ROW,
        ),
        "Fill": QueryAdvice(
            "Kine fills a missing revision each time, and watches wait for it",
            yugabytedb=Remedy(
                "check that the sequence caches no ids (KT201, KT206), which makes gaps all the time",
                "restart every tserver with --ysql_sequence_cache_minval=1, then run kinetune init --allow "
                "SEQUENCE_CACHE and restart Kine",
            ),
            always=Remedy("kinetune check --select KT2,KT503 checks the sequence and the gaps", _FIX_OF_RULES),
        ),
        "GetSize": QueryAdvice(
            "the API server asks for the size of the table at each scrape of its metrics",
            always=Remedy(fix="scrape less often"),
        ),
    }
)
_ANY_QUERY = QueryAdvice(always=Remedy("kinetune check checks the whole database"))
_IDS_TAKEN = QueryAdvice(
    "ids are out of order or already taken",
    always=Remedy("kinetune check --select KT2,KT6 checks the sequence and the Kine release", _FIX_OF_RULES),
)
_COMPACTION_FAILED = QueryAdvice(
    "compaction did not finish within its 5 s",
    always=Remedy("see kinetune rule KT501", "use a smaller --compact-batch-size until it has caught up"),
)
_COMPACT_REV_PER_CREATE = QueryAdvice("this Kine release runs it for each create", always=_COMPACTION_ROW)
_SAME_TIME_S = 60.0
_OUT_OF_CONNECTIONS = AdviceParts(
    "the server ran out of connections at this time",
    fix="lower Kine's pool limit, or raise the server's (KT701)",
)


def write_advice(spot: Hotspot | QueryCost, context: AdviceContext = NO_CONTEXT) -> str:
    """All parts and the command that shows the plan, as one sentence. Empty where there is no remedy."""
    parts = find_advice(spot, context)
    if parts is None:
        return ""
    plan = f"{parts.command} shows the plan" if parts.command else ""
    return "; ".join(filter(None, (str(parts), plan))) + "."


def find_remedy(spot: Hotspot | QueryCost, context: AdviceContext = NO_CONTEXT) -> str:
    """Cause, check and fix, the same for each resource. Empty where there is no remedy."""
    parts = find_advice(spot, context)
    return str(parts) if parts else ""


def find_advice(spot: Hotspot | QueryCost, context: AdviceContext = NO_CONTEXT) -> AdviceParts | None:
    """
    The likely cause, what to check and what to do. None for a statement that is not Kine's, and for counters that do
    not name the query.
    """
    if not spot.query:
        return None
    parts = _find_parts(spot, context)
    return replace(parts, caveat=_describe_caveat(spot, context.origin))


def _find_parts(spot: Hotspot | QueryCost, context: AdviceContext) -> AdviceParts:
    # A server's own log, counters and a session are of PostgreSQL or YugabyteDB, whatever another log shows.
    is_kine_log = isinstance(spot, Hotspot) and spot.vantage in (Vantage.KINE_LOG, Vantage.API_SERVER)
    kind = context.origin.store_kind
    if is_kine_log and kind is not None and kind is not StoreKind.POSTGRESQL:
        return advise_other_store(kind)
    if isinstance(spot, Hotspot) and spot.vantage is Vantage.API_SERVER:
        return advise_traces(context.origin)
    connections = _advise_connections(spot, context)
    parts = connections or _choose_advice(spot, context).for_server(context.flavour)
    return replace(parts, command=show_plan(spot))


def _describe_caveat(spot: Hotspot | QueryCost, origin: LogOrigin) -> str:
    """A release that was not examined may send other queries: the advice is then that of the release before it."""
    if not isinstance(spot, Hotspot) or not origin.unexamined:
        return ""
    newest = ".".join(map(str, NEWEST_RELEASE))
    return f"{' and '.join(origin.unexamined)} was not examined, the newest examined Kine is v{newest}"


def _advise_connections(spot: Hotspot | QueryCost, context: AdviceContext) -> AdviceParts | None:
    """Kine's time includes waiting for a connection, the server's does not (k3s#6299: 2m9s there, 8 s here)."""
    if isinstance(spot, Hotspot) and spot.vantage is Vantage.SERVER_LOG:
        return None
    longest = context.longest.get(spot.query)
    # A median of twice the server's maximum cannot be time on the server. Below 10 ms it is the network.
    if longest is not None and spot.p50 is not None and spot.p50 > max(2 * longest, 10.0):
        if context.flavour is Flavour.YUGABYTEDB:
            return _advise_uncounted_time(spot, context, longest)
        return AdviceParts(
            f"the server never took longer than {format_duration(longest)} for this query, so calls wait for a "
            "connection of Kine's pool",
            fix=f"{RAISE}, or send fewer calls at once (KT701)",
        )
    # Not for one query alone: without a connection every call waits.
    return _OUT_OF_CONNECTIONS if _coincides(spot, context.signals.get("no-connections")) else None


def _coincides(spot: Hotspot | QueryCost, period: tuple[float, float] | None) -> bool:
    """Whether the calls may be of that period, within a minute; counters have no times of calls."""
    if period is None or not isinstance(spot, Hotspot):
        return period is not None
    return spot.first <= period[1] + _SAME_TIME_S and period[0] - _SAME_TIME_S <= spot.last


def _advise_uncounted_time(spot: Hotspot | QueryCost, context: AdviceContext, longest: float) -> AdviceParts:
    """YugabyteDB's statistics have the last try of a statement only (docs/facts/measured.md §13)."""
    own = _choose_advice(spot, context).for_server(context.flavour)
    cause = (
        f"pg_stat_statements has at most {format_duration(longest)} for this query, without planning in new sessions "
        "and reads that YugabyteDB repeated: either these took the rest, or the wait for a connection"
    )
    check = "the log of YSQL (log_min_duration_statement) includes repeated reads and shows slow planning"
    return replace(own, cause=cause, check=_join(check, own.check))


def _choose_advice(spot: Hotspot | QueryCost, context: AdviceContext) -> QueryAdvice:
    query = spot.query
    if query in LISTS:
        return _choose_list_advice(_find_eras(spot, context.origin))
    if query in INSERTS and not _IDS_OUT_OF_ORDER.isdisjoint(context.signals):
        return _IDS_TAKEN
    if query in COMPACTIONS and "compaction-timed-out" in context.signals:
        return _COMPACTION_FAILED
    if query == "CompactRev" and _find_eras(spot, context.origin) <= READS_COMPACT_REV_PER_CREATE:
        return _COMPACT_REV_PER_CREATE if _find_eras(spot, context.origin) else _ADVICE[query]
    return _ADVICE.get(query, _ANY_QUERY)


def _choose_list_advice(eras: frozenset[str]) -> QueryAdvice:
    if not eras:
        return _LIST_OF_UNKNOWN_RELEASE
    stop_early = {era >= STOPS_AT_A_PAGE for era in eras}
    if len(stop_early) > 1:
        return _LIST_OF_SEVERAL_RELEASES
    return _LIST_OF_PAGES if stop_early.pop() else _LIST_OF_REVISIONS


def _find_eras(spot: Hotspot | QueryCost, origin: LogOrigin) -> frozenset[str]:
    """
    The numbers of the eras that may have sent the query, such as E20: those of its statement which the releases in the
    logs can belong to. Empty where neither is known.
    """
    sent = frozenset(find_era(era).number for era in spot.eras)
    named = frozenset(origin.eras)
    return sent & named or sent or named
