"""What a cluster does with Kine, in every era: a stable name, Kubernetes words, and Kine's query for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from kinetune.kine.keyspace import prefix_end, words
from kinetune.kine.queries import limited
from kinetune.model.workload import Call, Parameter, Query, Sample

PAGE = 501
"""kube-apiserver asks for 500 objects a page; Kine sends one more to learn whether there is another (kine.md §2.1)."""
POLL = 500
COMPACTED = 1000
"""Kine compacts so many revisions in one transaction (--compact-batch-size)."""
NEW_KEY = "/registry/configmaps/kinetune/new"
VALUE = bytes(range(256)) * 4
"""1 KiB, the size of a small object."""


class Subject(StrEnum):
    """What a scenario asks about."""

    LARGEST = "largest"
    EMPTY = "empty"
    KEY = "key"
    MISSING = "missing"
    GAP = "gap"


@dataclass(frozen=True)
class Scenario:
    """
    `queries` are Kine's names for it, newest first; the first that an era has is meant, where `subject` is a prefix
    the first over a range of keys. `start` is where a page begins, `revision` which one is asked for, `limit` the
    LIMIT Kine writes into the text.
    """

    name: str
    words: str
    queries: tuple[str, ...]
    subject: Subject = Subject.LARGEST
    start: str = "first"
    revision: str = "newest"
    limit: int | None = None

    @property
    def writes(self) -> bool:
        return self.queries[0] in WRITES

    def query(self, catalogue: Mapping[str, Query]) -> Query | None:
        found = (catalogue[name] for name in self.queries if name in catalogue)
        ranged = self.subject in (Subject.LARGEST, Subject.EMPTY)
        return next((query for query in found if not (ranged and _single(query))), None)


LIST = ("ListCurrentVal", "GetCurrentVal", "GetCurrent")
PAGES = ("GetRevisionAfterVal", "GetRevisionAfter")
AT_REVISION = ("ListRevisionStartVal", "ListRevisionStart")
SINGLE = ("GetSingleVal", "GetCurrentVal", "GetCurrent")
CHANGES = ("AfterAllOldVal", "AfterOldVal", "After")
WRITES = ("InsertReturning", "Insert", "Compact", "Fill", "UpdateCompact")

LOOKUPS = ("get", "get-missing", "get-old", "compact-rev", "create", "update-compact")
ONE_NAME = re.compile(r"\bname = ")
NOTHING = "/registry/kinetune-has-none/"

SCENARIOS = (
    Scenario("list", "list {objects} {resource}, all at once", LIST),
    Scenario("list-page", "list {objects} {resource}, first page", LIST, limit=PAGE),
    Scenario("next-page", "list {objects} {resource}, a page in the middle", PAGES, start="middle", limit=PAGE),
    Scenario(
        "old-page", "list {objects} {resource} at an old revision", AT_REVISION + PAGES, revision="old", limit=PAGE
    ),
    Scenario("list-empty", "list a resource that has no objects", LIST, Subject.EMPTY),
    Scenario("count", "count {objects} {resource}", ("CountCurrent", "Count")),
    Scenario("count-revision", "count {objects} {resource} at a revision", ("CountRevision",)),
    Scenario("get", "read one object", SINGLE, Subject.KEY, limit=1),
    Scenario("get-missing", "look for an object that is not there", SINGLE, Subject.MISSING, limit=1),
    Scenario("get-old", "read one object at an old revision", AT_REVISION, Subject.KEY, revision="old", limit=1),
    Scenario("poll", "poll for changes, each second and after writes", CHANGES, revision="recent", limit=POLL),
    Scenario("watch", "start a watch at an old revision", CHANGES, revision="old"),
    Scenario("current-rev", "ask for the newest revision", ("CurrentRev",)),
    Scenario("compact-rev", "ask for the compacted revision", ("CompactRev",)),
    Scenario("create", "create an object", ("InsertReturning", "Insert"), Subject.MISSING),
    Scenario("fill", "fill a gap in the revisions", ("Fill",), Subject.GAP),
    Scenario("compact", "compact 1,000 revisions", ("Compact",)),
    Scenario("update-compact", "note the compacted revision", ("UpdateCompact",)),
)


def calls(catalogue: Mapping[str, Query], sample: Sample, given: Mapping[str, str] | None = None) -> Iterator[Call]:
    """One call a scenario the era has a query for. `given` holds prefix, key or revision in place of the sample's."""
    for scenario in SCENARIOS:
        query = scenario.query(catalogue)
        if query is not None:
            yield _call(scenario, query, Arguments(scenario, sample, given or {}))


def lookups(catalogue: Mapping[str, Query]) -> Iterator[Call]:
    """The calls that look up one name, reads and writes, with arguments of no store: they are planned, not executed."""
    nothing = Sample(NOTHING, NOTHING, NEW_KEY, NEW_KEY, newest_revision=1, old_revision=1, compact_revision=0)
    return (call for call in calls(catalogue, nothing) if ONE_NAME.search(call.text) and call.scenario in LOOKUPS)


def _call(scenario: Scenario, query: Query, arguments: Arguments) -> Call:
    exact = _single(query) and not scenario.writes  # one key or none: Kine writes no LIMIT
    limit = None if exact and scenario.limit == 1 else scenario.limit
    return Call(
        scenario.name,
        scenario.words.replace("{resource}", words(arguments.prefix)),
        query,
        limited(query.text, limit) if limit else query.text,
        tuple(arguments.of(parameter, "ESCAPE" in query.text) for parameter in query.parameters),
        scenario.writes,
    )


def _single(query: Query) -> bool:
    return any(parameter.meaning == "key" for parameter in query.parameters)


@dataclass(frozen=True)
class Arguments:
    """From a parameter's meaning (the words of sql/kine) to what Kine would send. Values of objects are made up."""

    scenario: Scenario
    sample: Sample
    given: Mapping[str, str]

    @property
    def prefix(self) -> str:
        empty = self.scenario.subject is Subject.EMPTY
        return self.sample.empty_prefix if empty else self.given.get("prefix", self.sample.prefix)

    @property
    def key(self) -> str:
        made = {Subject.MISSING: NEW_KEY, Subject.GAP: f"gap-{self.sample.newest_revision + 1}"}
        return made.get(self.scenario.subject) or self.given.get("key", self.sample.key)

    @property
    def revision(self) -> int:
        newest = self.sample.newest_revision
        chosen = {"old": self.sample.old_revision, "recent": max(newest - 10, 0)}.get(self.scenario.revision, newest)
        return int(self.given.get("revision", chosen))

    def of(self, parameter: Parameter, escaped: bool) -> object:
        escape = _escape if escaped else str
        gap = self.scenario.subject is Subject.GAP
        known: dict[str, object] = {
            "prefix-start": self._from(),
            "prefix-end": prefix_end(self.prefix),
            "like-prefix": self._like(escape),
            "like-key": escape(self.key),
            "start-key": self._start(),
            "key": self.key,
            "include-deleted": False,
            "revision": self.revision,
            "after-revision": self.revision,
            "from-revision": self.sample.old_revision,
            "to-revision": self.sample.old_revision + COMPACTED,
            "id": self.sample.newest_revision + 1,
            "created": int(not gap),
            "deleted": int(gap),
            "value": None if gap else VALUE,
            "old-value": None,
        }
        return (known | dict.fromkeys(("create-revision", "prev-revision", "lease"), 0))[parameter.meaning]

    def _like(self, escape: Callable[[str], str]) -> str:
        """Polls ask for every key; one object is asked for by its whole key, without a wildcard."""
        if self.scenario.queries == CHANGES:
            return "%"
        if self.scenario.subject in (Subject.KEY, Subject.MISSING):
            return escape(self.key)
        return escape(self.prefix) + "%"

    def _start(self) -> str:
        if self.scenario.subject in (Subject.KEY, Subject.MISSING):
            return ""
        return self._from()

    def _from(self) -> str:
        """Where a page begins; of a prefix that was given no key in the middle is known."""
        middle = self.scenario.start == "middle" and self.sample.middle_key.startswith(self.prefix)
        return self.sample.middle_key if middle else self.prefix


def _escape(text: str) -> str:
    """LIKE's wildcards, as Kine escapes them from v0.14.8."""
    return text.replace("^", "^^").replace("_", "^_").replace("%", "^%")
