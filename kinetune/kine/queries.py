"""
What a cluster does with Kine, for every era: a stable name, a description in Kubernetes terms, and the query of Kine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType

from kinetune import resources
from kinetune.kine.keyspace import prefix_end, resource_name
from kinetune.kine.releases import find_era, recorded_catalogue
from kinetune.model.query import Call, Parameter, Query, SampleArguments

PAGE = 501
"""
kube-apiserver asks for 500 objects a page; Kine sends one more to learn whether there is another (docs/facts/kine.md
§2.1).
"""
POLL = 500
COMPACTED = 1000
"""Revisions that Kine compacts in one transaction (--compact-batch-size)."""
NEW_KEY = "/registry/configmaps/kinetune/new"
VALUE = bytes(range(256)) * 4
"""1 KiB, the size of a small object."""


class Subject(StrEnum):
    """The objects that a scenario reads or writes."""

    LARGEST = "largest"
    EMPTY = "empty"
    KEY = "key"
    MISSING = "missing"
    GAP = "gap"


@dataclass(frozen=True)
class Scenario:
    """
    `queries` are Kine's names for the query, newest first: the first one in the era is used, and for a prefix the first
    one over a range of keys. `start` is where a page begins, `revision` the requested revision, `limit` the LIMIT that
    Kine writes into the text.
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
        # A query for a single key cannot return the objects of a prefix.
        return next((query for query in found if not (ranged and _has_single_key(query))), None)


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
    Scenario("get-missing", "look for an object that does not exist", SINGLE, Subject.MISSING, limit=1),
    Scenario("get-old", "read one object at an old revision", AT_REVISION, Subject.KEY, revision="old", limit=1),
    Scenario("poll", "poll for changes, once per second and after writes", CHANGES, revision="recent", limit=POLL),
    Scenario("watch", "start a watch at an old revision", CHANGES, revision="old"),
    Scenario("current-rev", "read the newest revision", ("CurrentRev",)),
    Scenario("compact-rev", "read the compacted revision", ("CompactRev",)),
    Scenario("create", "create an object", ("InsertReturning", "Insert"), Subject.MISSING),
    Scenario("fill", "fill a gap in the revisions", ("Fill",), Subject.GAP),
    Scenario("compact", "compact 1,000 revisions", ("Compact",)),
    Scenario("update-compact", "store the compacted revision", ("UpdateCompact",)),
)


def build_calls(
    catalogue: Mapping[str, Query], sample: SampleArguments, given: Mapping[str, str] | None = None
) -> Iterator[Call]:
    """
    One call for each scenario that has a query in the era. `given` has a prefix, key or revision instead of the
    sample's.
    """
    for scenario in SCENARIOS:
        query = scenario.query(catalogue)
        if query is not None:
            yield _build_call(scenario, query, Arguments(scenario, sample, given or {}))


def build_lookup_calls(catalogue: Mapping[str, Query]) -> Iterator[Call]:
    """
    The calls that look up one name, reads and writes. Their arguments match no row: they are planned, not executed.
    """
    nothing = SampleArguments(NOTHING, NOTHING, NEW_KEY, NEW_KEY, newest_revision=1, old_revision=1, compact_revision=0)
    return (call for call in build_calls(catalogue, nothing) if ONE_NAME.search(call.text) and call.scenario in LOOKUPS)


def _build_call(scenario: Scenario, query: Query, arguments: Arguments) -> Call:
    exact = _has_single_key(query) and not scenario.writes  # for a single key Kine writes no LIMIT
    limit = None if exact and scenario.limit == 1 else scenario.limit
    return Call(
        scenario.name,
        scenario.words.replace("{resource}", resource_name(arguments.prefix)),
        query,
        with_limit(query.text, limit) if limit else query.text,
        tuple(arguments.value_of(parameter, "ESCAPE" in query.text) for parameter in query.parameters),
        scenario.writes,
    )


def _has_single_key(query: Query) -> bool:
    return any(parameter.meaning == "key" for parameter in query.parameters)


@dataclass(frozen=True)
class Arguments:
    """The arguments of a call, from the meaning of each parameter (see sql/kine). Values of objects are generated."""

    scenario: Scenario
    sample: SampleArguments
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

    def value_of(self, parameter: Parameter, escaped: bool) -> object:
        escape = _escape_like if escaped else str
        gap = self.scenario.subject is Subject.GAP
        known: dict[str, object] = {
            "prefix-start": self._page_start(),
            "prefix-end": prefix_end(self.prefix),
            "like-prefix": self._like_pattern(escape),
            "like-key": escape(self.key),
            "start-key": self._start_key(),
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

    def _like_pattern(self, escape: Callable[[str], str]) -> str:
        """The pattern of LIKE. Polls select every key; a single object is selected by its key without a wildcard."""
        if self.scenario.queries == CHANGES:
            return "%"
        if self.scenario.subject in (Subject.KEY, Subject.MISSING):
            return escape(self.key)
        return escape(self.prefix) + "%"

    def _start_key(self) -> str:
        if self.scenario.subject in (Subject.KEY, Subject.MISSING):
            return ""
        return self._page_start()

    def _page_start(self) -> str:
        """The first key of a page. The middle of a prefix is known only for the prefix of the sample."""
        middle = self.scenario.start == "middle" and self.sample.middle_key.startswith(self.prefix)
        return self.sample.middle_key if middle else self.prefix


def _escape_like(text: str) -> str:
    """Escapes the wildcards of LIKE, as Kine does from v0.14.8 on."""
    return text.replace("^", "^^").replace("_", "^_").replace("%", "^%")


# Where E19 and E20 put the row limit (kine pkg/query/query.go LimitToken); all others append it.
LIMIT_TOKEN = "/* LIMIT */"


def load_catalogue(era_name: str) -> Mapping[str, Query]:
    """
    The statements of an era (`v0.17.3`, `E20`) by Kine's own names, in alphabetical order.

    `Query.era` is the era whose build was recorded. UsageFailure if no build with that SQL was recorded.
    """
    return _read_folder(recorded_catalogue(find_era(era_name)))


def with_limit(text: str, n: int) -> str:
    """The statement with a row limit as Kine sends it: Kine writes the number into the text."""
    # E19 and E20 have a comment where the limit belongs, inside a CTE.
    if LIMIT_TOKEN in text:
        return text.replace(LIMIT_TOKEN, f"LIMIT {n}", 1)
    return f"{text} LIMIT {n}"


def format_sql(statement: str) -> str:
    """The same tokens with one clause per line: Kine's statements are on one line."""
    from sqlparse import format as format_statement  # noqa: PLC0415 - the import takes 30 ms, and only pages need it

    return str(format_statement(statement, reindent=True, strip_whitespace=True))


@cache
def _read_folder(folder: str) -> Mapping[str, Query]:
    files = sorted((resources.data_folder("sql") / "kine" / folder).glob("*.sql"))
    return MappingProxyType({file.stem: _read_query(file) for file in files})


def _read_query(file: Path) -> Query:
    """A header of comments (`-- key: value`, `-- $1 type meaning  e.g. …`), then the statement on one line."""
    *header, text = file.read_text(encoding="utf-8").strip().split("\n")
    comments = [line.removeprefix("-- ") for line in header]
    header_values = dict(line.split(": ", 1) for line in comments if ": " in line and not line.startswith("$"))
    return Query(
        era=file.parent.name,
        name=file.stem,
        text=text,
        parameters=tuple(_read_parameter(line) for line in comments if line.startswith("$")),
        trigger=header_values["sent when"],
        frequency=header_values["how often"],
        wish=header_values["wish"],
    )


def _read_parameter(line: str) -> Parameter:
    """`$1 text prefix-start  e.g. '/registry/pods/'`."""
    number, rest = line.split("  ")[0].split(" ", 1)
    kind, meaning = rest.rsplit(" ", 1)
    return Parameter(int(number[1:]), kind, meaning)
