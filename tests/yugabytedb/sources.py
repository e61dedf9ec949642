"""One load seen by three sources: the logs of Kines, the log of YSQL on each node, pg_stat_statements of each node."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest

from kinetune.database.pg_stat_statements import read_statement_counters
from kinetune.database.session import open_session
from kinetune.model.hotspot import SlowCall
from tests.database.stores import place
from tests.kine.process import Kine
from tests.logs.harness import scanned
from tests.yugabytedb.conftest import Yb
from tests.yugabytedb.load import written_while
from tests.yugabytedb.stores import RestartedKine

Totals = dict[str, tuple[int, float]]
"""Calls and milliseconds by query."""
_FAILED = re.compile(rb"^\d{4}-.{20,40} (?:ERROR|FATAL):  ", re.MULTILINE)
_IN_FLIGHT = 3
"""Calls of three Kines that stop while they wait: not each source has them."""
_ROUNDED = 1.0
"""Milliseconds: the log and the statistics round each call differently."""


def add_call(totals: Totals, query: str, calls: int, milliseconds: float) -> None:
    old = totals.get(query, (0, 0.0))
    totals[query] = old[0] + calls, old[1] + milliseconds


def subtract(now: Totals, before: Totals) -> Totals:
    """What was added since then, without queries that were not called again."""
    grown: Totals = {}
    for query, (calls, milliseconds) in now.items():
        old = before.get(query, (0, 0.0))
        if calls > old[0]:
            grown[query] = calls - old[0], milliseconds - old[1]
    return grown


def read_calls(*logs: bytes) -> Totals:
    """The calls of Kine's queries in logs of any kind, without its schema."""
    totals: Totals = {}
    for log in logs:
        events, counts = scanned([log])
        assert (counts.not_understood, counts.unknown_language) == (0, 0)
        for event in events:
            if isinstance(event, SlowCall) and event.query not in ("", "Schema"):
                add_call(totals, event.query, 1, event.milliseconds)
    return totals


def at_host(dsn: str, *hosts: str) -> str:
    """The same endpoint, on these nodes in this order."""
    return re.sub(r"@[^@/?:]+(:\d+)?", lambda found: "@" + ",".join(host + (found[1] or "") for host in hosts), dsn)


def log_of(connection: psycopg.Connection[tuple[str]]) -> Path:
    found = connection.execute("SELECT pg_current_logfile()").fetchone()
    assert found is not None
    path = Path(found[0])
    if not path.exists():
        pytest.skip(f"{path} is on another machine")
    return path


class ServerSources:
    """What each node logs and counts of this database from now on. New sessions log each statement."""

    def __init__(self, yb: Yb, dsn: str) -> None:
        name = psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]
        yb.execute(dsn, f"ALTER DATABASE {name} SET log_min_duration_statement = 0")
        self.dsn = dsn
        self.hosts = [str(host) for (host,) in yb.execute(dsn, "SELECT host FROM yb_servers() ORDER BY host")]
        self._logs: dict[str, tuple[Path, int]] = {}
        for host in self.hosts:
            with psycopg.connect(at_host(dsn, host)) as connection:
                log = log_of(connection)
                self._logs[host] = log, log.stat().st_size
        self._before = self._count()

    def read_log(self, host: str) -> bytes:
        path, start = self._logs[host]
        with path.open("rb") as file:
            file.seek(start)
            return file.read()

    def write_logs(self, folder: Path, kine: list[bytes]) -> list[Path]:
        """The logs of the nodes and of Kines as files."""
        logs = {f"ysql-{host}.log": self.read_log(host) for host in self.hosts}
        logs |= {f"kine-{number}.log": log for number, log in enumerate(kine)}
        for name, log in logs.items():
            (folder / name).write_bytes(log)
        return [folder / name for name in logs]

    def read_statistics(self) -> dict[str, Totals]:
        """Of each node that answers."""
        return {host: subtract(totals, self._before.get(host, {})) for host, totals in self._count().items()}

    def _count(self) -> dict[str, Totals]:
        found: dict[str, Totals] = {}
        with open_session(place(self.dsn), "test") as session:
            counters = read_statement_counters(session)
        for entry in counters.entries:
            totals = found.setdefault(entry.node.partition(":")[0], {})
            add_call(totals, entry.query, entry.calls, entry.total_ms)
        return found


def logging_kine(tag: str, dsn: str) -> RestartedKine:
    """A Kine that logs every call."""
    return RestartedKine(tag, dsn, slow_sql_threshold="1ns")


def load_all_nodes(server: ServerSources, tag: str, seconds: float) -> list[bytes]:
    """The logs of Kines, one at each node, through all of which two clients write."""
    with contextlib.ExitStack() as stack:
        kines = [stack.enter_context(logging_kine(tag, at_host(server.dsn, host))) for host in server.hosts]
        _write_through(kines, seconds)
        for kine in kines:
            kine.stop()
        return [kine.log.read_bytes() for kine in kines]


def _write_through(kines: Sequence[Kine], seconds: float) -> None:
    if kines:
        written_while(kines[0], lambda: _write_through(kines[1:], seconds), clients=2)
    else:
        time.sleep(seconds)


def require_agreement(kine: list[bytes], server: ServerSources, alive: list[str]) -> None:
    """
    Each node's log and statistics have the same calls. Kines' logs have these and the failed ones, of which a server
    logs the error only.

    Times grow with the distance: the statistics have the last try of a statement that YugabyteDB repeats, YSQL's log
    all of its tries, and Kine also planning and waiting (docs/facts/measured.md §13).
    """
    logs = {host: server.read_log(host) for host in server.hosts}
    counted = server.read_statistics()
    assert set(counted) >= set(alive)
    for host in alive:
        _require_order(counted[host], read_calls(logs[host]), 0)
    failed = sum(len(_FAILED.findall(log)) for log in logs.values())
    _require_order(read_calls(*logs.values()), read_calls(*kine), failed)


def _require_order(inner: Totals, outer: Totals, failed: int) -> None:
    """The outer source has the calls of the inner one, and up to so many failed ones; they take no less time."""
    for query in inner.keys() | outer.keys():
        (calls, milliseconds), (seen, longer) = (totals.get(query, (0, 0.0)) for totals in (inner, outer))
        assert -_IN_FLIGHT <= seen - calls <= failed + _IN_FLIGHT, (query, inner, outer)
        if seen >= calls:
            assert milliseconds <= longer + calls * _ROUNDED, (query, inner, outer)
