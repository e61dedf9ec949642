"""The cost of an INSERT as Kine sends it, in WAL and in time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from kinetune.kine.queries import load_catalogue
from kinetune.kine.releases import Era
from kinetune.workload.resources import RESOURCES
from kinetune.workload.values import ObjectValues

INSERTS = 2000
LEASES, PODS, BORN = 3, 2, 1
"""Of six writes, three renew a lease, two update a pod, and one creates an event."""
NEWEST = (
    "SELECT name, max(id), min(id) FROM kine WHERE name LIKE $1 GROUP BY name "
    "HAVING max(deleted) = 0 ORDER BY md5(name) LIMIT $2"
)
_LEASE, _POD, _EVENT = (next(one for one in RESOURCES if one.kind == kind) for kind in ("Lease", "Pod", "Event"))


@dataclass(frozen=True)
class InsertCost:
    """Means of INSERTS inserts, each in its own transaction."""

    wal_bytes: float
    microseconds: float


@dataclass
class Key:
    """A key and its newest revision; 0 for a key that does not exist."""

    name: str
    newest: int = 0
    created: int = 0


def measure_inserts(dsn: str, era: Era) -> InsertCost:
    """Measured after a CHECKPOINT, so that with full_page_writes the first change of each page is counted."""
    with psycopg.connect(dsn, autocommit=True, cursor_factory=psycopg.RawCursor) as connection:
        work = list(_run_inserts(connection))
        statement = _Insert(connection, era)
        connection.execute("CHECKPOINT")
        before, started = _lsn(connection), time.perf_counter()
        for number, key in enumerate(work):
            statement.run(key, number)
        seconds = time.perf_counter() - started
        return InsertCost((_lsn(connection) - before) / len(work), seconds / len(work) * 1e6)


def _run_inserts(connection: psycopg.Connection[Any]) -> Iterator[Key]:
    """Keys to write: a few leases often, many pods rarely, and new keys."""
    leases = [Key(*row) for row in connection.execute(NEWEST, ("/registry/leases/%", 40))]
    pods = [Key(*row) for row in connection.execute(NEWEST, ("/registry/pods/%", 600))]
    turn, mark = LEASES + PODS + BORN, _lsn(connection)
    for number in range(INSERTS):
        place = number % turn
        if place < LEASES:
            yield leases[number % len(leases)]
        elif place < LEASES + PODS:
            yield pods[number % len(pods)]
        else:
            yield Key(f"/registry/events/default/bench.{mark + number:016x}")


class _Insert:
    """Kine's statement of an era, prepared."""

    def __init__(self, connection: psycopg.Connection[Any], era: Era) -> None:
        known = load_catalogue(era.name)
        self._query = known.get("InsertReturning") or known["Insert"]
        self._text = self._query.text.encode()
        self._connection, self._values = connection, ObjectValues(7)

    def run(self, key: Key, number: int) -> None:
        resource = _EVENT if not key.newest else _LEASE if "/leases/" in key.name else _POD
        value = self._values.make_value(resource, number % 997, number)
        meant: dict[str, object] = {
            "key": key.name,
            "created": int(not key.newest),
            "deleted": 0,
            "create-revision": key.created,
            "prev-revision": key.newest,
            "lease": resource.lease,
            "value": value,
            "old-value": value if key.newest else None,
        }
        arguments = [meant[parameter.meaning] for parameter in self._query.parameters]
        row = self._connection.execute(self._text, arguments, prepare=True).fetchone()
        assert row is not None, f"{key.name} was not at {key.newest}"
        key.newest, key.created = row[0], key.created or row[0]


def _lsn(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()
    assert row is not None
    return int(row[0])
