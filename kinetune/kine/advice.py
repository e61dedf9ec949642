"""One sentence for each hotspot: what looks deeper (an explain call, a rule), and what would help. Kubernetes first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kinetune.kine.keyspace import words
from kinetune.kine.pool import RAISE
from kinetune.kine.releases import era_named
from kinetune.model.counters import Cost
from kinetune.model.hotspot import Hotspot, Vantage
from kinetune.model.server import Flavour

LISTS = frozenset(
    [
        "ListCurrent",
        "ListCurrentVal",
        "GetCurrent",
        "GetCurrentVal",
        "GetRevisionAfter",
        "GetRevisionAfterVal",
        "ListRevisionStart",
        "ListRevisionStartVal",
    ]
)
COUNTS = frozenset(("Count", "CountCurrent", "CountRevision"))
EVERYTHING = frozenset(("AllCurrent", "AllCurrentVal", "CountAllCurrent", "CountAllRevision"))
POLLS = frozenset(("After", "AfterOldVal", "AfterAllOldVal", "AfterSingleOldVal"))
GETS = frozenset(("GetSingle", "GetSingleVal"))
INSERTS = frozenset(("Insert", "InsertReturning"))
COMPACTIONS = frozenset(("Compact", "UpdateCompact"))
_SCENARIOS = {
    **dict.fromkeys(("ListCurrent", "ListCurrentVal", "GetCurrent", "GetCurrentVal"), "list-page"),
    **dict.fromkeys(("GetRevisionAfter", "GetRevisionAfterVal"), "next-page"),
    **dict.fromkeys(("ListRevisionStart", "ListRevisionStartVal"), "old-page"),
    **dict.fromkeys(("Count", "CountCurrent"), "count"),
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
STOPS_AT_A_PAGE = "E19"
"""From this era on a list with a limit stops after the page, if kine_list_query_index is there (kine.md §0.2)."""
ASKS_AT_EACH_CREATE = ("E17", "E18", "E19")
"""Their Get of a missing key asks for the compacted revision too (kine.md §2.1)."""
POOL = f"{RAISE}, or bring fewer calls at once (KT701)"


@dataclass(frozen=True)
class Surroundings:
    """
    What else is known: kinds of signals (kine/signals), the server, and of each query the longest the server ever
    needed for it in ms, as far as pg_stat_statements remembers. `pool_waits` are calls that waited for a connection.
    """

    signals: frozenset[str] = frozenset()
    flavour: Flavour | None = None
    longest: Mapping[str, float] = field(default_factory=dict)
    pool_waits: float = 0.0


NOTHING_ELSE = Surroundings()


def advice(spot: Hotspot | Cost, around: Surroundings = NOTHING_ELSE) -> str:
    """Empty where the statement is not Kine's, or where nobody said which one it is."""
    if not spot.query:
        return ""
    return _waiting(spot, around) or _of_query(spot, around)


def _waiting(spot: Hotspot | Cost, around: Surroundings) -> str:
    """Kine's clock runs while a call waits for a connection, the server's does not (k3s#6299: 2m9s there, 8 s here)."""
    if isinstance(spot, Hotspot) and spot.vantage is Vantage.SERVER:
        return ""
    longest = around.longest.get(spot.query)
    if longest is not None and spot.p50 is not None and spot.p50 > max(2 * longest, 10.0):
        return (
            f"the server never took longer than {longest:,.0f} ms for it: calls wait for a connection of Kine's pool; "
            f"{POOL}."
        )
    if "no-connections" in around.signals:
        return (
            f"the server had no connection left while this was measured; lower the pool or raise its bound: {_KT701}."
        )
    return ""


_KT701 = "kinetune rule KT701"


def _of_query(spot: Hotspot | Cost, around: Surroundings) -> str:
    query = spot.query
    if query in LISTS:
        return f"{_explain(spot)} shows the plan; {_list(spot, around)}."
    if query in COUNTS:
        return f"{_explain(spot)} shows the plan; {_count(around)}."
    if query in GETS:
        return f"{_explain(spot)} shows the plan; one object should cost one look at an index: {_statistics(around)}."
    if query in POLLS:
        return f"{_explain(spot)} shows the plan; {_poll(around)}."
    if query in INSERTS:
        return f"{_explain(spot)} --writes shows the cost on a copy; {_insert(around)}."
    return _rare(spot, around)


def _rare(spot: Hotspot | Cost, around: Surroundings) -> str:
    query = spot.query
    if query in COMPACTIONS:
        return f"{_explain(spot)} --writes shows the cost on a copy; {_compact(around)}."
    if query == "CompactRev":
        return f"{_compact_rev(spot)}."
    if query == "CurrentRev":
        return f"{_explain(spot)} shows the plan; MAX(id) is one look at the end of the key{_hash(around)}."
    if query in EVERYTHING:
        return (
            "it reads every key at Kine's start or for `etcdctl get --prefix ''`; kinetune check --select KT5 shows "
            "what fills the table."
        )
    if query == "Fill":
        return (
            "each fills a revision that is missing, and watches wait for it; kinetune check --select KT2 looks at the "
            "sequence, KT503 at the gaps."
        )
    if query == "GetSize":
        return "the API server asks for the size of the table at each scrape of its metrics; scrape less often."
    return "kinetune check looks at the store as a whole."


def scenario(spot: Hotspot | Cost) -> str:
    """The call of `kinetune explain` that does the same in every era; empty where none does."""
    if spot.query in LISTS and _resource(spot) and not _resource(spot).endswith("/"):
        return "get"  # up to v0.15.0 one object is a list of one
    return _SCENARIOS.get(spot.query, "")


def arguments(spot: Hotspot | Cost) -> dict[str, str]:
    """The hotspot's own prefix or key, for `explain --arg`."""
    on, call = _resource(spot), scenario(spot)
    if on.startswith("/") and on.endswith("/") and call in ("list-page", "next-page", "old-page", "count"):
        return {"prefix": on}
    return {"key": on} if on.startswith("/") and not on.endswith("/") and call == "get" else {}


def _resource(spot: Hotspot | Cost) -> str:
    return spot.resource if isinstance(spot, Hotspot) else ""


def _explain(spot: Hotspot | Cost) -> str:
    given = "".join(f" --arg {name}={value}" for name, value in arguments(spot).items())
    return f"kinetune explain --query {scenario(spot)}{given}"


def _number(spot: Hotspot | Cost) -> str:
    """The newest era that sends it, as E20; empty where nobody knows."""
    return max((era_named(era).number for era in spot.eras), default="")


def _list(spot: Hotspot | Cost, around: Surroundings) -> str:
    number, prefix = _number(spot), _resource(spot)
    what = f"lists of {words(prefix)}" if prefix.endswith("/") else "lists"
    paged = f"{what} need kine_list_query_index (KT107)"
    unpaged = (
        f"up to Kine v0.17.0 {what} read every revision below the prefix: fewer of them (KT501, KT502), or v0.17.2"
    )
    postgresql = (
        paged if number >= STOPS_AT_A_PAGE else unpaged if number else f"{what} want an index of their own (KT107)"
    )
    yugabytedb = f"{what} want joins in batches (KT401) and statistics with the cost model (KT402, KT403)"
    return _by_flavour(around, postgresql, yugabytedb)


def _count(around: Surroundings) -> str:
    postgresql = "a count costs as much as the list, each minute and once a page: its index (KT107, KT108), then KT405"
    return _by_flavour(around, postgresql, "a count costs as much as the list: joins in batches (KT401), KT402")


def _statistics(around: Surroundings) -> str:
    yugabytedb = "where it grows with the table the planner reads all of it (kinetune check --select KT306,KT402,KT403)"
    return _by_flavour(around, "statistics (KT402) and the index of lists (KT107)", yugabytedb)


def _poll(around: Surroundings) -> str:
    postgresql = (
        "it runs each second and after writes, and only reads new ids: KT402, KT405, and KT304 for its generic plan"
    )
    return _by_flavour(around, postgresql, "ids sharded by hash make it read the whole table (KT103)")


def _hash(around: Surroundings) -> str:
    yugabytedb = "ids sharded by hash make it read the whole table (KT103)"
    if around.flavour is Flavour.YUGABYTEDB:
        return f": {yugabytedb}"
    return _by_flavour(around, " (KT405: dead rows at its end)", yugabytedb)


def _insert(around: Surroundings) -> str:
    if around.signals & {"insert-retried", "gap-fill-failed", "gap-seen", "events-lost"}:
        return (
            "ids come out of order or are taken: kinetune check --select KT2,KT6 looks at the sequence and the release"
        )
    postgresql = "each index is written too (KT110, kinetune init), the rest is the server's disk and its standbys"
    yugabytedb = (
        "where its times grow with the table, the planner finds the newest revision of a name by reading all of it: "
        "kinetune check --select KT306,KT402,KT403 proves it and names what is missing; else each index is a request "
        "to another tablet (KT110), each node a round trip"
    )
    return _by_flavour(around, postgresql, yugabytedb)


def _compact(around: Surroundings) -> str:
    if "compaction-failed" in around.signals:
        return (
            "it did not finish in its 5 s: kinetune rule KT501, and --compact-batch-size smaller until it has caught up"
        )
    return _by_flavour(
        around, "KT501 tells the lag, KT405 the dead rows", "joins in batches (KT401): 0.9 s instead of 11.5 s"
    )


def _compact_rev(spot: Hotspot | Cost) -> str:
    if _number(spot) in ASKS_AT_EACH_CREATE and len(spot.eras) == 1:
        return "this Kine asks it at each create: kinetune rule KT114 (one compact_rev_key row), KT104"
    return "it reads the rows called compact_rev_key: KT114 says how many there are, KT104 looks at the index"


def _by_flavour(around: Surroundings, postgresql: str, yugabytedb: str) -> str:
    if around.flavour is Flavour.POSTGRESQL:
        return postgresql
    if around.flavour is Flavour.YUGABYTEDB:
        return yugabytedb
    return f"{postgresql}; on YugabyteDB: {yugabytedb}"
