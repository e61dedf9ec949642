"""
Logs of public bug reports (tests/data/cases): the answer that the user needed, the exit status, the number of calls.

Hosts, users and passwords in them are invented. The number of each case is that of the list of reports.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.call import call

CASES = Path(__file__).parents[1] / "data" / "cases"
IDLE = re.compile("Kine was idle")


@dataclass(frozen=True)
class Answer:
    """
    The exit status, words of the report in any order, and the number of calls. `not_kine` is how many of these may be
    statements that are not Kine's (those of the driver when a connection starts).
    """

    status: int
    words: tuple[str, ...] = ()
    calls: int = 0
    not_kine: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    """Numbers of lines for each kind of signal."""


NOT_STARTED = "Kine did not start: "
ANSWERS = {
    "01/k3s.log": Answer(
        3, (NOT_STARTED, "syntax error", "before v0.13.0", "create the database before the start", "with a dash")
    ),
    "02/k3s.log": Answer(
        3, (NOT_STARTED, "v0.11.0–v0.11.2", "K3s 1.28.4–1.28.6, 1.29.0–1.29.1", "create the database postgres")
    ),
    "03/k3s.log": Answer(3, (NOT_STARTED, "cannot connect to the database postgres", "v0.11.0–v0.11.2", "upgrade")),
    "04/k3s.log": Answer(3, (NOT_STARTED, "certificate of the database server", "not one of K3s' own", "renew")),
    "05/vcluster.log": Answer(
        3, ("no free connection", "KT701", "K3s v1.20.4+k3s1 logs no slow SQL"), kinds={"no-connections": 5}
    ),
    "06/kine.log": Answer(0, ("CockroachDB", "it never succeeds", "3 lines report problems")),
    "07/k3s.log": Answer(3, ("K3s did not start: ", "token", "two clusters use the same database")),
    "08/k3s.log": Answer(
        0, ("a revision that compaction had removed", "v0.3.2", "v0.3.3"), kinds={"revision-compacted": 3}
    ),
    "12/k3s.log": Answer(0, ("List etcd3", "secrets", "9.98 s", "logs no slow SQL", "lost its leader lease"), 2),
    "14/real.json": Answer(0, ("GetCurrentVal", "AfterOldVal"), 41, 16),
    "15/k0s.log": Answer(0, (NOT_STARTED, "the endpoint cannot be parsed", "GetCurrent", "pods"), 1),
    "16/kine.log": Answer(0, ("the table kine does not exist", "SQLite"), kinds={"no-table": 1}),
    "17/kube-apiserver.log": Answer(0, ("could not reach its datastore", "port 2379", "No line is of Kine")),
    "60/pg-de_DE.log": Answer(0, ("GetCurrentVal", "AfterOldVal", "Insert"), 42, 16),
    "60/pg-ru_RU.log": Answer(0, ("GetCurrentVal", "AfterOldVal", "Insert"), 43, 17),
    "61/filter-log-events.json": Answer(0, ("GetCurrentVal", "AfterOldVal"), 41, 16),
    "62/v0.10.1-utf16.log": Answer(0, ("GetCurrent", "configmaps", "5.34 s"), 6),
    "62/v0.14.16-cloudlogging-json.ndjson": Answer(0, ("GetCurrentVal", "5.35 s"), 7),
    "62/v0.17.5-json-cloudlogging-json.ndjson": Answer(0, ("InsertReturning", "configmaps"), 6),
    "68/kine.log": Answer(0, ("serialization failure", "the catalog changed"), kinds={"serialization": 3}),
    "68/yb.log": Answer(3, ("serialization failure", "the catalog changed", "has no durations")),
    "73/k3s-1.31.log": Answer(3, ("refused the password", "does not accept connections", "waits at its start")),
    "73/k3s.log": Answer(3, (NOT_STARTED, "does not accept connections", "start the database server")),
    "74/k3s.log": Answer(0, ("no longer compacts", "v0.14.11", "upgrade"), kinds={"no-compacted-value": 3}),
    "75/k3s.log": Answer(3, (NOT_STARTED, "compact_rev_key", "an earlier first start was interrupted")),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_reported_log_is_answered(name: str) -> None:
    expected = ANSWERS[name]
    result = call("hotspots", CASES / name, "--top", "100", COLUMNS="2000")
    assert result.status == expected.status, result.out + result.err
    assert [word for word in expected.words if word not in result.out] == [], result.out
    assert not IDLE.search(result.out), result.out
    assert bool(result.err) == bool(result.status)
    if expected.words and expected.words[0].endswith("did not start: "):
        first = next(line for line in result.out.splitlines()[2:] if line)
        assert first.startswith(expected.words[0])


@pytest.mark.parametrize("name", ANSWERS)
def test_calls_and_signals_of_a_reported_log_are_counted(name: str) -> None:
    expected = ANSWERS[name]
    data = json.loads(call("hotspots", CASES / name, "--format", "json").out)
    spots = [spot for vantage in data["vantages"] for spot in vantage["hotspots"]]
    assert sum(spot["count"] for spot in spots) == expected.calls
    assert sum(spot["count"] for spot in spots if not spot["query"]) <= expected.not_kine
    found = {signal["kind"]: signal["count"] for signal in data["signals"]}
    assert {kind: found.get(kind) for kind in expected.kinds} == expected.kinds
    assert data["logs"]["not_understood"] == 0


def test_every_reported_log_has_an_answer() -> None:
    files = {str(path.relative_to(CASES)) for path in CASES.rglob("*") if path.is_file() and path.suffix != ".md"}
    logs = {name for name in files if re.match(r"(0[1-8]|12|14|15|16|17|6[0-2]|68|7[345])/", name)}
    assert logs == set(ANSWERS)
